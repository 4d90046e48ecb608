// The language of the page: words by key, formats by locale. zh first; remembered on this machine.
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Language } from "../api/http";
import { formatsOf, type Formats } from "../format";
import { en } from "./en";
import { zh, type Key } from "./zh";

const WORDS: Record<Language, Record<Key, string>> = { zh, en };
const KEPT = "zhiyu.language";

export interface Words {
  language: Language;
  t: (key: Key, given?: Record<string, string | number>) => string;
  format: Formats;
  /** Of something that has words in both languages, those of the page. */
  said: (both: { zh: string; en: string }) => string;
  setLanguage: (language: Language) => void;
}

const Context = createContext<Words | undefined>(undefined);

/** A text with its places filled in: fill("{n} shown", { n: 3 }) is "3 shown". */
export function fill(text: string, given: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in given ? String(given[name]) : whole));
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "zh" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}

export function WordsOf({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    localStorage.setItem(KEPT, language);
  }, [language]);
  const words = useMemo<Words>(
    () => ({
      language,
      t: (key, given) => fill(WORDS[language][key] ?? key, given),
      format: formatsOf(language),
      said: (both) => both[language],
      setLanguage,
    }),
    [language],
  );
  return <Context value={words}>{children}</Context>;
}

export function useWords(): Words {
  const words = use(Context);
  if (!words) throw new Error("useWords outside WordsOf");
  return words;
}
