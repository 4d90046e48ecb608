import { describe, expect, it } from "vitest";
import { asOfFor, keptAt, madeAt } from "./reports";

describe("reports", () => {
  it("have addresses", () => {
    expect(keptAt("daily-2026-03-01", "html")).toBe("/v1/metrics/reports/daily-2026-03-01?format=html");
    expect(madeAt("daily", "", "csv")).toBe("/v1/metrics/report?name=daily&format=csv");
    expect(madeAt("daily", "2026-03-02", "json")).toBe("/v1/metrics/report?name=daily&as_of=2026-03-02&format=json");
  });
  it("are of the day of the newest decision when that is long ago", () => {
    const local = new Date(2025, 8, 6, 23, 58);
    expect(asOfFor(local.toISOString(), Date.parse("2026-01-01T00:00:00Z"))).toBe("2025-09-07");
    expect(asOfFor(local.toISOString(), local.getTime() + 3_600_000)).toBe("");
    expect(asOfFor(null, 0)).toBe("");
  });
});
