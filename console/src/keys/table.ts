// The one table of keys: what each does, where. The listener, the help and the tests read it.
import type { Key } from "../words/zh";

export type Place = "everywhere" | "list" | "decision" | "network" | "queue" | "case" | "lists" | "feature" | "approvals" | "monitoring" | "today" | "audit" | "studio" | "backtests" | "settings" | "model" | "entity";

export interface Binding {
  keys: string;
  place: Place;
  act: string;
  word: Key;
}

export const PLACES: Record<Place, Key> = {
  everywhere: "key.everywhere",
  list: "key.inList",
  decision: "key.inDecision",
  network: "key.inNetwork",
  queue: "key.inQueue",
  case: "key.inCase",
  lists: "key.inLists",
  feature: "key.inFeature",
  approvals: "key.inApprovals",
  monitoring: "key.inMonitoring",
  today: "key.inToday",
  audit: "key.inAudit",
  studio: "key.inStudio",
  entity: "key.inEntity",
  backtests: "key.inBacktests",
  settings: "key.inSettings",
  model: "key.inModel",
};

export const BINDINGS: readonly Binding[] = [
  { keys: "mod+k", place: "everywhere", act: "palette", word: "key.palette" },
  { keys: "?", place: "everywhere", act: "help", word: "key.help" },
  { keys: "t", place: "everywhere", act: "theme", word: "key.theme" },
  { keys: "l", place: "everywhere", act: "language", word: "key.language" },
  { keys: "z", place: "everywhere", act: "undo", word: "key.undo" },
  { keys: "j", place: "list", act: "down", word: "key.down" },
  { keys: "k", place: "list", act: "up", word: "key.up" },
  { keys: "Enter", place: "list", act: "open", word: "key.open" },
  { keys: "/", place: "list", act: "filter", word: "key.filter" },
  { keys: "q", place: "list", act: "query", word: "key.query" },
  { keys: ".", place: "list", act: "newest", word: "key.newest" },
  { keys: "p", place: "list", act: "pause", word: "key.pause" },
  { keys: "g", place: "decision", act: "network", word: "key.network" },
  { keys: "r", place: "decision", act: "replay", word: "key.replay" },
  { keys: "Escape", place: "decision", act: "back", word: "key.back" },
  { keys: "j", place: "network", act: "down", word: "key.down" },
  { keys: "k", place: "network", act: "up", word: "key.up" },
  { keys: "e", place: "network", act: "expand", word: "key.expand" },
  { keys: "x", place: "network", act: "path", word: "key.path" },
  { keys: "s", place: "network", act: "choose", word: "key.chooseNode" },
  { keys: "a", place: "network", act: "toList", word: "key.toList" },
  { keys: "c", place: "network", act: "toCase", word: "key.toCase" },
  { keys: "p", place: "network", act: "pin", word: "key.pin" },
  { keys: "v", place: "network", act: "view", word: "key.view" },
  { keys: "Escape", place: "network", act: "back", word: "key.back" },
  { keys: "j", place: "queue", act: "down", word: "key.down" },
  { keys: "k", place: "queue", act: "up", word: "key.up" },
  { keys: "Enter", place: "queue", act: "open", word: "key.open" },
  { keys: "a", place: "queue", act: "claim", word: "key.claim" },
  { keys: "c", place: "queue", act: "next", word: "key.next" },
  { keys: "/", place: "queue", act: "filter", word: "key.filter" },
  { keys: "x", place: "queue", act: "choose", word: "key.chooseCase" },
  { keys: "*", place: "queue", act: "all", word: "key.chooseAll" },
  { keys: "d", place: "queue", act: "assign", word: "key.assignChosen" },
  { keys: "n", place: "queue", act: "note", word: "key.noteChosen" },
  { keys: "1", place: "queue", act: "fraud", word: "key.decide1" },
  { keys: "2", place: "queue", act: "false_positive", word: "key.decide2" },
  { keys: "3", place: "queue", act: "unclear", word: "key.decide3" },
  { keys: "4", place: "queue", act: "escalate", word: "key.decide4" },
  { keys: "Escape", place: "queue", act: "back", word: "key.clearChosen" },
  { keys: "j", place: "case", act: "down", word: "key.down" },
  { keys: "k", place: "case", act: "up", word: "key.up" },
  { keys: "Enter", place: "case", act: "open", word: "key.open" },
  { keys: "a", place: "case", act: "claim", word: "key.claim" },
  { keys: "1", place: "case", act: "decide1", word: "key.decide1" },
  { keys: "2", place: "case", act: "decide2", word: "key.decide2" },
  { keys: "3", place: "case", act: "decide3", word: "key.decide3" },
  { keys: "4", place: "case", act: "decide4", word: "key.decide4" },
  { keys: "n", place: "case", act: "note", word: "key.note" },
  { keys: "g", place: "case", act: "network", word: "key.network" },
  { keys: "Escape", place: "case", act: "back", word: "key.back" },
  { keys: "j", place: "lists", act: "down", word: "key.down" },
  { keys: "k", place: "lists", act: "up", word: "key.up" },
  { keys: "[", place: "lists", act: "before", word: "key.listBefore" },
  { keys: "]", place: "lists", act: "after", word: "key.listAfter" },
  { keys: "x", place: "lists", act: "choose", word: "key.choose" },
  { keys: "a", place: "lists", act: "add", word: "key.add" },
  { keys: "d", place: "lists", act: "remove", word: "key.takeOff" },
  { keys: "/", place: "lists", act: "filter", word: "key.filter" },
  { keys: "v", place: "feature", act: "view", word: "key.view" },
  { keys: "Escape", place: "feature", act: "back", word: "key.back" },
  { keys: "j", place: "entity", act: "down", word: "key.down" },
  { keys: "k", place: "entity", act: "up", word: "key.up" },
  { keys: "Enter", place: "entity", act: "open", word: "key.open" },
  { keys: "[", place: "entity", act: "before", word: "key.kindBefore" },
  { keys: "]", place: "entity", act: "after", word: "key.kindAfter" },
  { keys: "r", place: "entity", act: "reveal", word: "key.reveal" },
  { keys: "g", place: "entity", act: "network", word: "key.network" },
  { keys: "Escape", place: "entity", act: "back", word: "key.back" },
  { keys: "j", place: "today", act: "down", word: "key.down" },
  { keys: "k", place: "today", act: "up", word: "key.up" },
  { keys: "Enter", place: "today", act: "open", word: "key.open" },
  { keys: "c", place: "today", act: "next", word: "key.toQueue" },
  { keys: "j", place: "audit", act: "down", word: "key.down" },
  { keys: "k", place: "audit", act: "up", word: "key.up" },
  { keys: "Enter", place: "audit", act: "open", word: "key.unfold" },
  { keys: "p", place: "audit", act: "verify", word: "key.verify" },
  { keys: "/", place: "audit", act: "filter", word: "key.filter" },
  { keys: "[", place: "monitoring", act: "before", word: "key.measureBefore" },
  { keys: "]", place: "monitoring", act: "after", word: "key.measureAfter" },
  { keys: "v", place: "monitoring", act: "view", word: "key.view" },
  { keys: "j", place: "approvals", act: "down", word: "key.down" },
  { keys: "k", place: "approvals", act: "up", word: "key.up" },
  { keys: "a", place: "approvals", act: "approve", word: "key.approve" },
  { keys: "d", place: "approvals", act: "refuse", word: "key.refuse" },
  { keys: "j", place: "studio", act: "down", word: "key.down" },
  { keys: "k", place: "studio", act: "up", word: "key.up" },
  { keys: "Enter", place: "studio", act: "open", word: "key.unfold" },
  { keys: "[", place: "studio", act: "before", word: "key.partBefore" },
  { keys: "]", place: "studio", act: "after", word: "key.partAfter" },
  { keys: "/", place: "studio", act: "filter", word: "key.filter" },
  { keys: "e", place: "studio", act: "edit", word: "key.editPolicy" },
  { keys: "a", place: "studio", act: "add", word: "key.addRule" },
  { keys: "z", place: "studio", act: "undo", word: "key.takeBack" },
  { keys: "s", place: "studio", act: "propose", word: "key.propose" },
  { keys: "v", place: "studio", act: "view", word: "key.view" },
  { keys: "j", place: "backtests", act: "down", word: "key.down" },
  { keys: "k", place: "backtests", act: "up", word: "key.up" },
  { keys: "[", place: "backtests", act: "before", word: "key.before" },
  { keys: "]", place: "backtests", act: "after", word: "key.after" },
  { keys: "n", place: "backtests", act: "new", word: "key.newBacktest" },
  { keys: "v", place: "backtests", act: "view", word: "key.view" },
  { keys: "v", place: "model", act: "view", word: "key.view" },
  { keys: "a", place: "model", act: "promote", word: "key.promote" },
  { keys: "d", place: "model", act: "retire", word: "key.retire" },
  { keys: "Escape", place: "model", act: "back", word: "key.back" },
  { keys: "j", place: "settings", act: "down", word: "key.down" },
  { keys: "k", place: "settings", act: "up", word: "key.up" },
  { keys: "[", place: "settings", act: "before", word: "key.before" },
  { keys: "]", place: "settings", act: "after", word: "key.after" },
  { keys: "a", place: "settings", act: "add", word: "key.new" },
  { keys: "r", place: "settings", act: "again", word: "key.sendAgain" },
];

/** What a key event is called in the table. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "metaKey" | "ctrlKey" | "altKey">): string {
  if (event.altKey) return "";
  const held = event.metaKey || event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return held ? `mod+${key}` : key;
}

/** What a key does in these places; the place that was named last counts first. */
export function actOf(keys: string, places: readonly Place[]): Binding | undefined {
  for (const place of [...places].reverse()) {
    const found = BINDINGS.find((each) => each.keys === keys && each.place === place);
    if (found) return found;
  }
  return undefined;
}

/** Keys as people read them: "mod+k" is ⌘K on a Mac, Ctrl K elsewhere. */
export function shownKeys(keys: string, mac: boolean): string[] {
  return keys.split("+").map((key) => {
    if (key === "mod") return mac ? "⌘" : "Ctrl";
    if (key === "Escape") return "Esc";
    return key.length === 1 ? key.toUpperCase() : key;
  });
}
