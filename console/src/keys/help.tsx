// The help for the keyboard, made from the one table.
import { Modal } from "antd";
import { useWords } from "../words/words";
import { BINDINGS, PLACES, shownKeys, type Place } from "./table";

export const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent);

export function Keys({ keys }: { keys: string }) {
  return (
    <span className="keys">
      {shownKeys(keys, isMac).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

export default function Help({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useWords();
  const places = Object.keys(PLACES).filter((place) => BINDINGS.some((each) => each.place === place)) as Place[];
  return (
    <Modal open={open} onCancel={close} footer={null} title={t("key.title")} width={900}>
      <div className="help">
        {places.map((place) => (
          <section key={place}>
            <h3>{t(PLACES[place])}</h3>
            <dl>
              {BINDINGS.filter((each) => each.place === place).map((each) => (
                <div key={each.act}>
                  <dt>
                    <Keys keys={each.keys} />
                  </dt>
                  <dd>{t(each.word)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
