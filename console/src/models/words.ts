// Words for stages and kinds of fraud that many policies name alike; any other name stands as the policy writes it.
import { zh, type Key } from "../words/zh";
import { useWords } from "../words/words";

export function useCellWords(): { stage: (name: string) => string; fraud: (name: string) => string } {
  const { t } = useWords();
  const said = (kind: string) => (name: string) => {
    const key = `${kind}.${name.replace(/[ -]/g, "_")}`;
    return key in zh ? t(key as Key) : name;
  };
  return { stage: said("stage"), fraud: said("fraud") };
}
