// What is told once: a password or secret that whoever made it hands over. It stays until somebody closes it, and stands nowhere else.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { Copied, Panel } from "../parts/parts";
import { useWords } from "../words/words";

interface Told {
  kind: "password" | "secret";
  name: string;
  secret: string;
}

const KEY = ["handed"];

/** Shows it at the top of the settings. */
export function useHand(): (told: Told) => void {
  const queries = useQueryClient();
  return (told) => queries.setQueryData<Told | null>(KEY, told);
}

export function Handed() {
  const { t } = useWords();
  const queries = useQueryClient();
  const { data } = useQuery<Told | null>({ queryKey: KEY, queryFn: () => null, staleTime: Infinity, gcTime: Infinity });
  if (!data) return null;
  return (
    <Panel title={t(`settings.handed.${data.kind}`, { name: data.name })} className="handed">
      <p role="status">
        <Copied text={data.secret} />
      </p>
      <p className="quiet">{t(`settings.handedNote.${data.kind}`)}</p>
      <p className="acts">
        <Button size="small" onClick={() => queries.setQueryData<Told | null>(KEY, null)}>
          {t("settings.handedDone")}
        </Button>
      </p>
    </Panel>
  );
}
