// Small parts that every screen is made of: panels, outcomes, problems, empty states.
import { App, Button, Skeleton } from "antd";
import type { ReactNode } from "react";
import { Refused } from "../api/http";
import { useNames } from "../api/session";
import { useWords } from "../words/words";

export const OUTCOMES = ["pass", "notify", "challenge", "delay", "review", "decline"] as const;

export function Outcome({ name, large = false }: { name: string; large?: boolean }) {
  const names = useNames();
  return <span className={`outcome o-${name}${large ? " large" : ""}`}>{names("outcomes", name)}</span>;
}

/** `scrolls`: it is as high as the window at most, and keys can move what is in it. */
export function Panel({ title, aside, children, id, className = "", scrolls = false }: { title: ReactNode; aside?: ReactNode; children: ReactNode; id?: string; className?: string; scrolls?: boolean }) {
  return (
    <section className={`panel ${className}`} id={id} {...(scrolls ? { tabIndex: 0, "aria-label": typeof title === "string" ? title : undefined } : {})}>
      <header>
        <h2>{title}</h2>
        {aside && <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Waiting() {
  const { t } = useWords();
  return (
    <div className="waiting" role="status" aria-label={t("common.loading")}>
      <Skeleton active paragraph={{ rows: 6 }} title={false} />
    </div>
  );
}

/** What went wrong, in the words of the server, and what to do. */
export function Trouble({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const { t, said } = useWords();
  const refused = error instanceof Refused ? error : undefined;
  return (
    <div className="trouble" role="alert">
      <p>{refused ? said(refused.words) : t("common.crashed")}</p>
      {refused?.requestId && (
        <p className="quiet">
          {t("common.request")} <code>{refused.requestId}</code> · {refused.code}
        </p>
      )}
      {retry && (
        <Button onClick={retry} size="small">
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

export function Empty({ title, next, children }: { title: string; next?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>{title}</p>
      {next && <p className="quiet">{next}</p>}
      {children}
    </div>
  );
}

/** The foot of a list that comes page by page: what there is to say of it, and a button for more. */
export function More({ pages, children }: { pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }; children?: ReactNode }) {
  const { t } = useWords();
  return (
    <footer className="more">
      {children && <span className="quiet">{children}</span>}
      {pages.hasNextPage && (
        <Button onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>
          {t("common.more")}
        </Button>
      )}
    </footer>
  );
}

/** A code that can be taken along: shortened, whole in the clipboard. */
export function Copied({ text, shown }: { text: string; shown?: string }) {
  const { t } = useWords();
  const { message } = App.useApp();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      message.success(t("common.copied"));
    } catch {
      message.info(text);
    }
  };
  return (
    <button type="button" className="copied" onClick={() => void copy()} title={`${t("common.copy")}: ${text}`}>
      <code>{shown ?? text}</code>
    </button>
  );
}
