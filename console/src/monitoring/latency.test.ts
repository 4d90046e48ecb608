import { describe, expect, it } from "vitest";
import { figureIn, samplesIn, stagesIn, within } from "./latency";

const TEXT = `# TYPE zhiyu_stage_seconds histogram
zhiyu_stage_seconds_bucket{le="0.001",stage="decide",tenant="a"} 98.0
zhiyu_stage_seconds_bucket{le="0.01",stage="decide",tenant="a"} 99.0
zhiyu_stage_seconds_bucket{le="+Inf",stage="decide",tenant="a"} 100.0
zhiyu_stage_seconds_count{stage="decide",tenant="a"} 100.0
zhiyu_stage_seconds_sum{stage="decide",tenant="a"} 0.2
zhiyu_stage_seconds_count{stage="sync",tenant="a"} 0.0
zhiyu_stage_seconds_count{stage="wait",tenant="b"} 7.0
zhiyu_loop_late_seconds 0.003
zhiyu_records_total{tenant="a"} 1234.0
`;

describe("latency", () => {
  it("is read of one tenant, stage by stage, with bounds that hold", () => {
    const found = stagesIn(samplesIn(TEXT), "a");
    expect(found).toEqual([{ stage: "decide", count: 100, mean: 2, within: [[0.5, 1], [0.99, 10], [0.999, Infinity]] }]);
    expect(figureIn(samplesIn(TEXT), "zhiyu_records_total", "a")).toBe(1234);
    expect(figureIn(samplesIn(TEXT), "zhiyu_records_total", "c")).toBeUndefined();
  });
  it("says no bound that is too small", () => {
    for (let all = 1; all < 60; all++) {
      const times = Array.from({ length: all }, (_, at) => (at * 37) % 50);
      const bounds = [0, 10, 20, 30, 40, Infinity];
      const buckets = bounds.map((bound): [number, number] => [bound, times.filter((each) => each <= bound).length]);
      for (const share of [0.5, 0.99]) {
        const bound = within(buckets, share);
        expect(times.filter((each) => each <= bound).length).toBeGreaterThanOrEqual(share * all);
      }
    }
  });
});
