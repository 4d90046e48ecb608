// How numbers, money and times read, by locale. Times are those of the reader's own clock; money comes in minor units.
import type { Language } from "./api/http";

export interface Formats {
  number: (value: number, digits?: number) => string;
  money: (minor: number, currency: string) => string;
  /** A difference, with its sign; none for zero. */
  signed: (value: number, digits?: number) => string;
  /** Money in whole units, without its small part. */
  amount: (units: number, currency: string) => string;
  time: (iso: string) => string;
  timeFull: (iso: string) => string;
  span: (milliseconds: number) => string;
  percent: (share: number) => string;
}

const SPANS: [number, Record<Language, string>][] = [
  [86_400_000, { zh: "天", en: "d" }],
  [3_600_000, { zh: "小时", en: "h" }],
  [60_000, { zh: "分", en: "min" }],
  [1_000, { zh: "秒", en: "s" }],
  [1, { zh: "毫秒", en: "ms" }],
];

/** The formats of a language. `now`: what counts as this year. */
export function formatsOf(language: Language, now = new Date(), timeZone?: string): Formats {
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const zone = timeZone ? { timeZone } : {};
  const short = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", ...zone } as const;
  const thisYear = new Intl.DateTimeFormat(locale, short);
  const otherYear = new Intl.DateTimeFormat(locale, { ...short, year: "numeric" });
  const full = new Intl.DateTimeFormat(locale, { ...short, year: "numeric", timeZoneName: "short" });
  const numbers = new Map<number, Intl.NumberFormat>();
  const currencies = new Map<string, Intl.NumberFormat>();
  const number = (value: number, digits = 0) => {
    const made = numbers.get(digits) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
    numbers.set(digits, made);
    return made.format(value);
  };
  return {
    number,
    money: (minor, currency) => {
      const options = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
      const made = currencies.get(currency) ?? new Intl.NumberFormat(locale, options);
      currencies.set(currency, made);
      return made.format(minor / 10 ** (made.resolvedOptions().maximumFractionDigits ?? 2));
    },
    signed: (value, digits = 0) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value),
    amount: (units, currency) => new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 }).format(units),
    time: (iso) => {
      const when = new Date(iso);
      return (when.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(when);
    },
    timeFull: (iso) => full.format(new Date(iso)),
    span: (milliseconds) => {
      const [size, words] = SPANS.find(([each]) => Math.abs(milliseconds) >= each) ?? [1, { zh: "毫秒", en: "ms" }];
      return `${number(milliseconds / size, size > 1 ? 1 : 0)} ${words[language]}`;
    },
    percent: (share) => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(share),
  };
}
