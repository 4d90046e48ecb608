// Today: my work, deadlines at risk, the mix of outcomes against last week, what goes wrong now; every number opens the list behind it.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/http";
import { useMay, useSession } from "../api/session";
import type { MetricNames } from "../api/types";
import { Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { Incidents } from "./incidents";
import { Mix } from "./mix";
import "./today.css";
import { Approvals, Deadlines, Mine } from "./work";

export default function Today() {
  const { t } = useWords();
  const { data: session } = useSession();
  const person = session?.kind === "person";
  const cases = useMay("cases") && person;
  const approves = useMay("policies") && person;
  const names = useQuery({ queryKey: ["metrics"], queryFn: ({ signal }) => get<MetricNames>("/v1/metrics", {}, signal), refetchInterval: 60_000 });
  return (
    <div className="page wide">
      <header className="head">
        <div>
          <h1>{person ? t("today.hello", { who: session.me.name }) : t("today.title")}</h1>
          <p className="quiet">{t("today.lead")}</p>
        </div>
      </header>
      <div className="today">
        <div>
          {cases && <Mine />}
          {cases && <Deadlines currency={names.data?.currency ?? ""} />}
          {approves && <Approvals />}
        </div>
        <div>
          {names.isPending && <Waiting />}
          {names.error && <Trouble error={names.error} retry={() => void names.refetch()} />}
          {names.data && <Mix newest={names.data.newest} />}
          <Incidents newest={names.data?.newest ?? null} currency={names.data?.currency ?? ""} />
        </div>
      </div>
    </div>
  );
}
