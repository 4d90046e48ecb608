// The shapes of the API under short names; generated from openapi.json, never written by hand.
import type { components } from "./schema";

export type Schemas = components["schemas"];
export type ListedDecision = Schemas["ListedDecision"];
export type DecisionPage = Schemas["DecisionPage"];
export type Subject = Schemas["Subject"];
export type Explanation = Schemas["Explanation"];
export type Trace = Schemas["Trace"];
export type TracedRule = Schemas["TracedRule"];
export type ScorePart = Schemas["ScorePart"];
export type Flow = Schemas["Flow"];
export type SeenValue = Schemas["SeenValue"];
export type Replayed = Schemas["Replayed"];
export type Vocabulary = Schemas["Vocabulary"];
export type Word = Schemas["Word"];
export type Me = Schemas["Me"];
export type Nest = Schemas["Nest"];
export type Gang = Schemas["Gang"];
export type GangPage = Schemas["GangPage"];
export type Problem = Schemas["Problem"];
export type RuleState = TracedRule["state"];
export type Case = Schemas["Case"];
export type Cases = Schemas["Cases"];
export type Queue = Schemas["Queue"];
export type FraudKind = NonNullable<Schemas["CaseClosed"]["kind"]>;
export type Disposition = Schemas["CaseClosed"]["disposition"];
export type DeclaredLists = Schemas["Lists"];
export type DeclaredList = DeclaredLists["lists"][number];
export type Entries = Schemas["Entries"];
export type Entry = Entries["entries"][number];
export type FoundEntries = Schemas["Found"];
export type Brought = Schemas["Brought"];
export type Snooze = Schemas["Snoozes"]["snoozes"][number];
export type FeatureLine = Schemas["FeatureLine"];
export type Features = Schemas["Features"];
export type Feature = Schemas["Feature"];
export type LineagePart = Schemas["LineagePart"];
export type Use = Schemas["Use"];
export type Proposal = Schemas["Proposal"];
export type Proposals = Schemas["Proposals"];
export type MetricNames = Schemas["MetricNames"];
export type MetricLines = Schemas["MetricLines"];
export type MetricLine = MetricLines["lines"][number];
export type Versions = Schemas["Versions"];
export type AuditPage = Schemas["Audit"];
export type AuditEntry = AuditPage["entries"][number];
export type Proof = Schemas["Proof"];
export type Written = Schemas["Written"];
export type Standing = Schemas["Standing"];

/** An alert of a case, as far as a decision made it. */
export interface CaseAlert {
  id: string;
  kind: string;
  at: string | null;
  event: string | null;
  type: string | null;
  outcome: string | null;
  waits: string | null;
  until: string | null;
  final: string | null;
  score: number;
  money: number;
  rules?: string[];
  reasons?: { code: string; en: string; zh: string }[];
}
