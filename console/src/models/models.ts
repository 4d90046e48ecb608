// The matrix of models: which stand where, what may be done with one, and what the parts of a package say.
import type { Model, ModelList, Study } from "../api/types";

export type Cell = ModelList["matrix"][number];
export type Line = ModelList["models"][number];
export type Role = Line["roles"][number]["role"];

export const ACTS = ["promote", "challenge", "shadow", "retire"] as const;
export type Step = (typeof ACTS)[number];

/** Stages and kinds of fraud in the order of the policy, and what stands in each place. */
export function gridOf(matrix: readonly Cell[]): { stages: string[]; frauds: string[]; at: (stage: string, fraud: string) => Cell[] } {
  const some = (name: "stage" | "fraud") => [...new Set(matrix.map((each) => each[name]))];
  return { stages: some("stage"), frauds: some("fraud"), at: (stage, fraud) => matrix.filter((each) => each.stage === stage && each.fraud === fraud) };
}

/** The models of a cell with their roles: who speaks first. */
export function standing(cell: Cell): { model: string; role: Role; percent: string }[] {
  const challengers = (cell.challengers ?? []).map((each) => ({ model: each.model, role: "challenger" as const, percent: each.percent }));
  const shadow = (cell.shadow ?? []).map((model) => ({ model, role: "shadow" as const, percent: "" }));
  return [{ model: cell.champion, role: "champion", percent: "" }, ...challengers, ...shadow];
}

export const roleIn = (cell: Cell, model: string): Role | undefined => standing(cell).find((each) => each.model === model)?.role;

/** The cells in which a step can be taken with a model; for `retire`, all it stands in. The server decides, this spares refusals. */
export function cellsFor(step: Step, model: string, matrix: readonly Cell[]): Cell[] {
  return matrix.filter((cell) => {
    const role = roleIn(cell, model);
    if (step === "retire") return role !== undefined;
    if (role === "champion") return false;
    return step === "shadow" ? role !== "shadow" : role !== undefined;
  });
}

/** The steps that can be taken with a model: none that a champion cannot. */
export function stepsOf(model: string, matrix: readonly Cell[]): Step[] {
  const champion = matrix.some((cell) => cell.champion === model);
  return ACTS.filter((step) => (step === "retire" ? !champion : cellsFor(step, model, matrix).length > 0));
}

interface Part {
  rows: number;
  frauds: number;
  from?: string;
  until?: string;
}
export interface Figures {
  rows?: number;
  frauds?: number;
  auc?: number | null;
  average_precision?: number | null;
  ks?: number | null;
  brier?: number | null;
  log_loss?: number | null;
  calibration?: { score: number; fraud: number }[];
  cuts?: { stopped: number; score: number; precision: number; recall: number }[];
  groups?: { of: string; groups: { group: string; rows: number; auc: number | null; mean_score: number | null; fraud: number | null }[] }[];
}
export interface Package {
  inputs: { name: string; kind: string; unit?: string; meaning?: string }[];
  calibration?: { kind?: string };
  trained?: { policy_hash?: string; cell?: string; data?: { train?: Part; test?: Part; split?: string; fitted?: string; fingerprint?: string } };
  metrics?: { train?: Figures; test?: Figures };
}

/** What a package says, as far as this page shows it. */
export const packageOf = (model: Model): Package => model.package as unknown as Package;

export const FIGURES = ["auc", "average_precision", "ks", "log_loss", "brier"] as const;
/** Figures of which less is better. */
export const LESS: readonly string[] = ["log_loss", "brier"];

export interface Compared {
  rows: number;
  frauds: number;
  days: number;
  unlabelled: number;
  models: [string, string];
  figures: Record<string, { one: number; two: number; difference: number; low: number | null; high: number | null }>;
}

/** Whether the second is better, worse, or not to be told apart from the first: whether the interval holds zero. */
export function verdict(name: string, figure: { low: number | null; high: number | null }): "better" | "worse" | "even" {
  if (figure.low === null || figure.high === null || (figure.low <= 0 && figure.high >= 0)) return "even";
  return figure.low > 0 === !LESS.includes(name) ? "better" : "worse";
}

export interface Drift {
  rows: number;
  labelled: number;
  inputs: { name: string; stability: number; missing: number; missing_before: number }[];
  days: { start: string; rows: number; mean_score: number; calibration: { expected: number; found: number } | null; score: { stability: number } | null; inputs: Record<string, { stability: number }> }[];
  limits: { stability: number; missing: number; calibration: number };
  alerts: { span: string; start: string; what: "score" | "stability" | "missing" | "calibration"; input: string; value: number; limit: number; rows: number }[];
  now: Figures;
}
export const SCORE = "(score)";

export type Kind = "compare" | "drift";

/** The newest study of a kind about a model (and another); one that runs before one that is done. */
export function studyOf(studies: readonly Study[], kind: Kind, model: string, beside = ""): Study | undefined {
  const some = studies.filter((each) => each.kind === kind && (kind === "drift" ? each.models[0] === model : each.models.includes(model) && each.models.includes(beside))).sort((one, two) => two.study - one.study);
  return some.find((each) => each.state === "waiting" || each.state === "running") ?? some.find((each) => each.state === "done") ?? some[0];
}

/** How much a stability index says. */
export function moves(stability: number): "calm" | "some" | "much" {
  return stability < 0.1 ? "calm" : stability < 0.25 ? "some" : "much";
}
