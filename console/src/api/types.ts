// The shapes of the API under short names; generated from openapi.json, never written by hand.
import type { components } from "./schema";

type Schemas = components["schemas"];
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
