// Replay now: the decision made again from what it saw, and whether it comes out the same.
import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { send } from "../api/http";
import { useNames } from "../api/session";
import type { Replayed } from "../api/types";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Trouble } from "../parts/parts";
import { useWords } from "../words/words";

export function Replay({ id }: { id: string }) {
  const { t, format } = useWords();
  const names = useNames();
  const replay = useMutation({ mutationFn: () => send<Replayed>("POST", `/v1/decisions/${encodeURIComponent(id)}:replay`) });
  useKeys("decision", { replay: () => replay.mutate() });
  const made = replay.data;
  const given = made ? { outcome: names("outcomes", made.outcome), score: format.number(made.score) } : {};
  const longest = made ? Math.max(made.read_us, made.decide_us, 1) : 1;
  return (
    <>
      <Button onClick={() => replay.mutate()} loading={replay.isPending} block>
        {t("decision.replay")} <Keys keys="r" />
      </Button>
      <p className="quiet">{t("decision.replayHint")}</p>
      {replay.error && <Trouble error={replay.error} />}
      {made && (
        <div role="status">
          <p className={made.same ? "same" : "differs"}>{t(made.same ? "decision.replaySame" : "decision.replayDiffers", given)}</p>
          <table className="waterfall small">
            <tbody>
              {([["decision.replayRead", made.read_us], ["decision.replayDecide", made.decide_us]] as const).map(([word, us]) => (
                <tr key={word}>
                  <th scope="row">{t(word)}</th>
                  <td className="track">
                    <span className="bar" style={{ width: `${(us / longest) * 100}%` }} />
                  </td>
                  <td className="num">{format.number(us / 1000, 2)} ms</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
