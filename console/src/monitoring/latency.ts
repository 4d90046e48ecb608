// How long the stages of deciding take, out of the histograms that the server shows to Prometheus.

export const STAGES = ["wait", "decode", "decide", "write", "sync", "answer"] as const;
export type Stage = (typeof STAGES)[number];

/** Of one stage: batches that went through it, their mean in milliseconds, and bounds within which shares of them ended. */
export interface Spread {
  stage: Stage;
  count: number;
  mean: number;
  /** Share → milliseconds, the bound of a bucket: at least so many ended within; Infinity beyond the last bound. */
  within: [number, number][];
}

const SHARES = [0.5, 0.99, 0.999];
const LINE = /^(\w+)\{(.*)\} (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a text in Prometheus' form; what is no sample with labels is left out. */
export function samplesIn(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const found = LINE.exec(line);
    if (!found?.[1]) return [];
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(LABEL)].map((each) => [each[1] ?? "", each[2] ?? ""]));
    return [{ name: found[1], labels, value: Number(found[3]) }];
  });
}

/** The bound within which a share of the observations ended; `buckets`: bound → observations up to it. */
export function within(buckets: readonly [number, number][], share: number): number {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const all = sorted.at(-1)?.[1] ?? 0;
  return sorted.find(([, count]) => count >= share * all)?.[0] ?? Infinity;
}

/** The stages through which anything went, of one tenant. */
export function stagesIn(samples: readonly Sample[], tenant: string): Spread[] {
  return STAGES.flatMap((stage) => {
    const own = samples.filter((each) => each.labels["stage"] === stage && each.labels["tenant"] === tenant);
    const value = (name: string) => own.find((each) => each.name === name)?.value ?? 0;
    const count = value("zhiyu_stage_seconds_count");
    if (!count) return [];
    const buckets = own.filter((each) => each.name === "zhiyu_stage_seconds_bucket").map((each): [number, number] => [each.labels["le"] === "+Inf" ? Infinity : Number(each.labels["le"]) * 1000, each.value]);
    return [{ stage, count, mean: (value("zhiyu_stage_seconds_sum") / count) * 1000, within: SHARES.map((share): [number, number] => [share, within(buckets, share)]) }];
  });
}

/** A figure of a tenant that has one value. */
export function figureIn(samples: readonly Sample[], name: string, tenant: string): number | undefined {
  return samples.find((each) => each.name === name && each.labels["tenant"] === tenant)?.value;
}
