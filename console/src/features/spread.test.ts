import { expect, test } from "vitest";
import { atLeast, conditionOf, shareOf, worstOf, type Spread } from "./spread";

const bar = (low: number, high: number, frauds = 0, goods = 0) => ({ low, high, all: frauds + goods, frauds, goods });

test("a bar is a condition that a rule can have", () => {
  expect(conditionOf("n", "int", bar(2, 2), false)).toBe("n == 2");
  expect(conditionOf("n", "int", bar(2.5, 4.2), false)).toBe("n >= 3 and n < 5");
  expect(conditionOf("n", "int", bar(2.5, 9), true)).toBe("n >= 3");
  expect(conditionOf("spent", "fixed", bar(0.1 + 0.2, 1.5), false)).toBe("spent >= 0.3 and spent < 1.5");
  expect(conditionOf("since", "duration", bar(1500.5, 60_000), false)).toBe('since >= "1501ms" and since < "60000ms"');
  expect(conditionOf("known", "bool", bar(0, 0), false)).toBe("not known");
  expect(conditionOf("known", "bool", bar(1, 1), true)).toBe("known");
  expect(conditionOf("at", "time", bar(1, 2), false)).toBeUndefined();
});

test("the share of fraud is of what is known, and a bar is spoken of where it is surely more than all", () => {
  expect(shareOf(bar(0, 1))).toBeUndefined();
  expect(atLeast(bar(0, 1))).toBe(0);
  expect(atLeast(bar(0, 1, 9, 18))).toBeCloseTo(0.1864, 3); // 9 of 27
  const spread = { frauds: 12, goods: 108, bars: [bar(0, 0, 2, 90), bar(1, 1, 9, 18), bar(2, 2, 1, 0)] } as unknown as Spread;
  expect(worstOf(spread)).toMatchObject({ bar: { low: 1 }, share: 9 / 27, whole: 0.1 });
  expect(worstOf({ ...spread, bars: [bar(0, 0, 3, 20)] })).toBeUndefined();
});
