// Light or dark: one attribute on the page for our own styles, one algorithm for Ant Design's. Follows the machine until somebody chooses.
import { ConfigProvider, theme as antd, App as AntApp } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import { useWords } from "./words/words";

const KEPT = "zhiyu.theme";
type Shade = "light" | "dark";
const Context = createContext<{ shade: Shade; toggle: () => void }>({ shade: "light", toggle: () => undefined });

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

// Ant Design locks the page's scrolling behind a dialog with a style of its own making and gives it no nonce; under our policy every style
// that a script makes needs one. Only scripts of ours run here, so giving it to each of their styles lets in nothing else.
const make = document.createElement.bind(document);
document.createElement = ((name: string, options?: ElementCreationOptions) => {
  const made = make(name, options);
  if (nonce && made instanceof HTMLStyleElement) made.nonce = nonce;
  return made;
}) as typeof document.createElement;

function firstShade(): Shade {
  const kept = localStorage.getItem(KEPT);
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function ThemeOf({ children }: { children: ReactNode }) {
  const { language } = useWords();
  const [shade, setShade] = useState(firstShade);
  useEffect(() => {
    document.documentElement.dataset["theme"] = shade;
  }, [shade]);
  const value = useMemo(
    () => ({
      shade,
      toggle: () =>
        setShade((now) => {
          const next = now === "dark" ? "light" : "dark";
          localStorage.setItem(KEPT, next);
          return next;
        }),
    }),
    [shade],
  );
  const dark = shade === "dark";
  return (
    <Context value={value}>
      <ConfigProvider
        csp={{ nonce }}
        locale={language === "zh" ? zhCN : enUS}
        button={{ autoInsertSpace: false }}
        theme={{
          algorithm: dark ? antd.darkAlgorithm : antd.defaultAlgorithm,
          token: {
            colorPrimary: dark ? "#4a68dc" : "#3457d5",
            colorLink: dark ? "#8fa8ff" : "#3457d5",
            colorBgContainer: dark ? "#171b23" : "#ffffff",
            colorBgElevated: dark ? "#1f2430" : "#ffffff",
            colorText: dark ? "#e3e7ef" : "#1a2233",
            colorTextPlaceholder: dark ? "#98a2b5" : "#667085",
            colorBorder: dark ? "#3a4252" : "#cfd5e1",
            borderRadius: 6,
            fontSize: 13,
            controlHeight: 30,
            motion: !matchMedia("(prefers-reduced-motion: reduce)").matches,
            fontFamily: "var(--font)",
          },
        }}
      >
        <AntApp className="app">{children}</AntApp>
      </ConfigProvider>
    </Context>
  );
}

export const useShade = () => use(Context);
