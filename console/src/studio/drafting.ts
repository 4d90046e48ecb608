// The draft of this tab: its edits, what the policy would be with them; kept over a reload, taken back step by step.
import { useEffect, useMemo, useState } from "react";
import { keepDraft, keptDraft, newRule, patched, withEdit, type Edit } from "./draft";
import type { Document } from "./studio";

/** `fresh`: the expression of a rule that another screen wants to be written; "" for none. */
export function useDraft(base: string, document: Document, fresh: string) {
  const [edits, setEdits] = useState<Edit[]>(() => {
    const kept = keptDraft(base);
    const now = patched(document, kept.flat());
    return fresh && now.rule_sets?.length ? withEdit(kept, newRule(now, "/rule_sets/0", fresh)) : kept;
  });
  useEffect(() => keepDraft(base, edits), [base, edits]);
  const operations = useMemo(() => edits.flat(), [edits]);
  const draft = useMemo(() => patched(document, operations), [document, operations]);
  return {
    edits,
    operations,
    draft,
    edit: (one: Edit) => setEdits((before) => withEdit(before, one)),
    undo: () => setEdits((before) => before.slice(0, -1)),
    discard: () => setEdits([]),
    /** It was proposed: nothing of it is kept here. */
    forget: () => {
      keepDraft(base, []);
      setEdits([]);
    },
  };
}
