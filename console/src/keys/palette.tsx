// The palette: every place and act by typing, and straight to an event, a person, a thing.
import { Input, Modal } from "antd";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useVocabulary } from "../api/session";
import { aboutOf } from "../decisions/filters";
import { useWords } from "../words/words";

interface Command {
  id: string;
  label: string;
  run: () => void;
}

export default function Palette({ open, close, acts }: { open: boolean; close: () => void; acts: Command[] }) {
  const { t } = useWords();
  const go = useNavigate();
  const { data: vocabulary } = useVocabulary();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const commands = useMemo(() => {
    const typed = text.trim();
    const about = aboutOf(typed, vocabulary?.entities ?? []);
    const found: Command[] = [];
    if (about) {
      const [kind = "", ...rest] = about.split(":");
      found.push({ id: "entity", label: t("palette.entity", { what: about }), run: () => void go(`/entities/${kind}/${encodeURIComponent(rest.join(":"))}`) });
      found.push({ id: "about", label: t("palette.about", { what: about }), run: () => void go(`/decisions?of=${encodeURIComponent(about)}`) });
      found.push({ id: "net", label: t("palette.network", { what: about }), run: () => void go(`/network/${kind}/${encodeURIComponent(rest.join(":"))}`) });
    } else if (/^\S{4,}$/.test(typed)) {
      found.push({ id: "open", label: t("palette.openDecision", { id: typed }), run: () => void go(`/decisions/${encodeURIComponent(typed)}`) });
    }
    const lower = typed.toLowerCase();
    return [...acts.filter((each) => each.label.toLowerCase().includes(lower)), ...found];
  }, [text, acts, t, go, vocabulary]);
  const shut = () => {
    setText("");
    setAt(0);
    close();
  };
  const run = (command: Command | undefined) => {
    if (!command) return;
    shut();
    command.run();
  };
  return (
    <Modal open={open} onCancel={shut} footer={null} closable={false} width={560} className="palette" title={<span className="sr">{t("shell.palette")}</span>} destroyOnHidden>
      <Input
        autoFocus
        size="large"
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={commands[at] ? `palette-${commands[at].id}` : undefined}
        aria-label={t("shell.palette")}
        placeholder={t("palette.placeholder")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, commands.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") run(commands[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul role="listbox" id="palette-list" aria-label={t("shell.palette")}>
        {commands.map((command, number) => (
          <li key={command.id} id={`palette-${command.id}`} role="option" aria-selected={number === at} onMouseEnter={() => setAt(number)} onClick={() => run(command)}>
            {command.label}
          </li>
        ))}
      </ul>
      {commands.length === 0 && <p className="quiet">{t("palette.none")}</p>}
    </Modal>
  );
}
