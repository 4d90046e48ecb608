// The network around a person, a thing or a gang: drawn, listed, and as a table; expanded where one wants to know more.
import { useQuery } from "@tanstack/react-query";
import { App, Button, Segmented } from "antd";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { get } from "../api/http";
import { useNames, useVocabulary } from "../api/session";
import type { Gang, Nest } from "../api/types";
import { placeOf } from "../entity/place";
import { Keys } from "../keys/help";
import { useKeys } from "../keys/keys";
import { Panel, Trouble, Waiting } from "../parts/parts";
import { useWords } from "../words/words";
import { ChosenMany, type Form } from "./act";
import { asOf, entityOf, HUB, linksOf, listed, merged, nestOf, NOTHING, pathBetween, PERSON, sharedWith, spanOf, type Net, type NetLink, type NetNode } from "./graph";

const Canvas = lazy(() => import("./canvas"));

export default function Network() {
  const { kind = "", id = "" } = useParams();
  const gang = kind === "gang";
  const asked = useQuery({
    queryKey: ["network", kind, id],
    queryFn: async ({ signal }) => {
      if (gang) {
        const told = await get<Gang>(`/v1/gangs/${encodeURIComponent(id)}`, {}, signal);
        return { gang: told, net: merged(NOTHING, nestOf(told)), component: undefined };
      }
      const told = await get<Nest>(`/v1/network/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`, { hops: 2 }, signal);
      return { gang: undefined, net: merged(NOTHING, told), component: told.component };
    },
    staleTime: Infinity,
  });
  if (asked.error) return <div className="page"><Back /><Trouble error={asked.error} retry={() => void asked.refetch()} /></div>;
  if (!asked.data) return <Waiting />;
  return <Shown key={`${kind}/${id}`} first={asked.data.net} gang={asked.data.gang} component={asked.data.component} />;
}

function Back() {
  const { t } = useWords();
  return <p className="crumbs"><Link to="/network">{t("net.title")}</Link></p>;
}

function Shown({ first, gang, component }: { first: Net; gang: Gang | undefined; component: Record<string, unknown> | undefined }) {
  const { t, format } = useWords();
  const { modal, message } = App.useApp();
  const go = useNavigate();
  const names = useNames();
  const { data: vocabulary } = useVocabulary();
  const [net, setNet] = useState(first);
  const starts = useMemo(() => startsOf(first), [first]);
  const [selected, setSelected] = useState<string | undefined>(() => [...starts][0]);
  const [moment, setMoment] = useState<number>();
  const [view, setView] = useState<"graph" | "table">("graph");
  const [pinned, setPinned] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [form, setForm] = useState<Form>();
  const [from, setFrom] = useState<string>();
  const [busy, setBusy] = useState(false);
  const span = useMemo(() => spanOf(net), [net]);
  const seen = useMemo(() => (moment === undefined ? net : asOf(net, moment, starts)), [net, moment, starts]);
  const rows = useMemo(() => listed(seen), [seen]);
  const kindName = useCallback((node: NetNode) => names("fields", node.isPerson ? (vocabulary?.person ?? PERSON) : node.kind), [names, vocabulary]);
  const labelOf = useCallback((node: NetNode) => `${node.isPerson ? "" : `${kindName(node)} `}${node.name.length > 12 ? `${node.name.slice(0, 10)}…` : node.name}${!node.isPerson && node.people > 2 ? ` ×${node.people}` : ""}`, [kindName]);
  const path = useMemo(() => (from && selected && from !== selected ? pathBetween(seen, from, selected) : undefined), [seen, from, selected]);
  const marked = useMemo(() => new Set(path?.flatMap((each) => [each.person, each.thing]) ?? (from ? [from] : [])), [path, from]);

  const expand = async (id: string | undefined) => {
    const node = id === undefined ? undefined : net.nodes.get(id);
    if (!node || busy) return;
    if (!node.isPerson && node.people >= HUB && !(await modal.confirm({ title: t("net.hubTitle", { n: node.people }), content: t("net.hubWhy"), okText: t("net.hubYes"), cancelText: t("common.cancel") }))) return;
    setBusy(true);
    try {
      const told = await get<Nest>(`/v1/network/${encodeURIComponent(node.kind)}/code:${node.code}`, { hops: 1 });
      const next = merged(net, told, node.id);
      const fresh = next.nodes.size - net.nodes.size;
      setNet(next);
      void message.info(t(fresh ? "net.expanded" : "net.nothingNew", { n: fresh }));
    } catch (failed) {
      void message.error(<Trouble error={failed} />);
    } finally {
      setBusy(false);
    }
  };
  const pin = (id: string | undefined) => id && setPinned((now) => turned(now, id));
  const choose = (id: string | undefined) => id && setChosen((now) => turned(now, id));
  const move = (step: number) => {
    const at = rows.findIndex((each) => each.id === selected);
    setSelected(rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.id);
  };
  useKeys("network", {
    down: () => move(1),
    up: () => move(-1),
    expand: () => void expand(selected),
    pin: () => pin(selected),
    choose: () => choose(selected),
    toList: () => chosen.size > 0 && setForm("list"),
    toCase: () => chosen.size > 0 && setForm("case"),
    path: () => setFrom(from === selected ? undefined : selected),
    view: () => setView(view === "graph" ? "table" : "graph"),
    back: () => (form ? setForm(undefined) : from ? setFrom(undefined) : void go(-1)),
  });
  const many = useMemo(() => [...chosen].flatMap((id) => net.nodes.get(id) ?? []), [chosen, net]);
  const node = selected ? seen.nodes.get(selected) : undefined;
  const persons = Number(component?.["persons"] ?? gang?.people ?? 0);
  return (
    <div className="page wide network">
      <Back />
      <header className="head">
        <div>
          <h1>{gang ? t("net.gangNumber", { n: gang.gang }) : t("net.around", { who: node ? kindName(node) : "" })}</h1>
          <p className="quiet">
            {t("net.sum", { people: format.number(rows.filter((each) => each.isPerson).length), things: format.number(rows.filter((each) => !each.isPerson).length), links: format.number(seen.links.size) })}
            {persons > 0 && ` · ${t(gang ? "net.gangPeople" : "net.componentPeople", { n: format.number(persons) })}`}
            {seen.cut && <b className="flag"> · {t("net.cut")}</b>}
          </p>
        </div>
        <Segmented value={view} onChange={setView} options={[{ value: "graph", label: t("net.graph") }, { value: "table", label: t("net.table") }]} />
      </header>
      <div className="net-columns">
        <Nodes rows={rows} selected={selected} chosen={chosen} select={setSelected} kindName={kindName} starts={starts} chooseAll={() => setChosen(new Set(rows.filter((each) => each.isPerson).map((each) => each.id)))} />
        <section className="net-middle">
          {view === "graph" ? (
            <Suspense fallback={<Waiting />}>
              <Canvas net={seen} starts={starts} selected={selected} marked={marked} pinned={pinned} chosen={chosen} labelOf={labelOf} select={setSelected} expand={(id) => void expand(id)} />
            </Suspense>
          ) : (
            <LinkTable net={seen} links={[...seen.links.values()]} kindName={kindName} />
          )}
          <Legend />
          {span && span[1] > span[0] && (
            <label className="asof">
              <span>{t("net.asOf")}</span>
              <input type="range" min={span[0]} max={span[1]} step={Math.max(Math.floor((span[1] - span[0]) / 500), 1)} value={moment ?? span[1]} onChange={(event) => setMoment(Number(event.target.value) >= span[1] ? undefined : Number(event.target.value))} aria-valuetext={format.time(new Date(moment ?? span[1]).toISOString())} />
              <output className="num">{moment === undefined ? t("net.now") : format.time(new Date(moment).toISOString())}</output>
            </label>
          )}
        </section>
        <aside>
          <ChosenMany nodes={many} form={form} open={setForm} leaveOut={choose} none={() => setChosen(new Set())} />
          {node && <Chosen net={seen} node={node} kindName={kindName} chosen={chosen.has(node.id)} choose={() => choose(node.id)} pinned={pinned.has(node.id)} busy={busy} pin={() => pin(node.id)} expand={() => void expand(node.id)} from={from} setFrom={setFrom} />}
          {from && (
            <Panel title={t("net.path")}>
              {path ? <PathWords net={seen} path={path} from={from} kindName={kindName} /> : <p className="quiet">{from === selected ? t("net.pathChoose") : t("net.noPath")}</p>}
            </Panel>
          )}
          {gang && <Lineage gang={gang} />}
        </aside>
      </div>
    </div>
  );
}

/** Where one began: everybody at distance 0; of a thing, its people are the nearest. */
function startsOf(net: Net): ReadonlySet<string> {
  const people = [...net.nodes.values()].filter((each) => each.isPerson);
  const least = Math.min(...people.map((each) => each.hops));
  return new Set(people.filter((each) => each.hops === least).map((each) => each.id));
}

/** With `id` where it was not in it, without where it was. */
function turned(now: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return now.has(id) ? new Set([...now].filter((each) => each !== id)) : new Set([...now, id]);
}

type KindName = (node: NetNode) => string;

function Nodes({ rows, selected, chosen, select, kindName, starts, chooseAll }: { rows: NetNode[]; selected: string | undefined; chosen: ReadonlySet<string>; select: (id: string) => void; kindName: KindName; starts: ReadonlySet<string>; chooseAll: () => void }) {
  const { t } = useWords();
  const shown = rows.slice(0, 400);
  return (
    <nav className="nodes" aria-label={t("net.nodes")}>
      <p><button type="button" className="link" onClick={chooseAll}>{t("net.chooseAll")}</button></p>
      <ul>
        {shown.map((each) => (
          <li key={each.id}>
            <button type="button" aria-pressed={each.id === selected} onClick={() => select(each.id)}>
              <i className={`dot ${each.bad ? "bad" : starts.size === 1 && starts.has(each.id) ? "start" : each.gang !== null ? "gang" : each.isPerson ? "person" : "thing"}`} />
              <span className="mono">{chosen.has(each.id) && <b className="tick">✓ </b>}{each.name}</span>
              <small>{each.isPerson ? (each.bad ? t("net.isBad") : each.gang !== null ? t("net.gangNumber", { n: each.gang }) : "") : `${kindName(each)} ×${each.people}`}</small>
            </button>
          </li>
        ))}
      </ul>
      {rows.length > shown.length && <p className="quiet">{t("net.moreInTable", { n: rows.length - shown.length })}</p>}
    </nav>
  );
}

function Legend() {
  const { t } = useWords();
  return (
    <p className="legend quiet">
      {(["start", "person", "gang", "bad", "thing"] as const).map((each) => (
        <span key={each}><i className={`dot ${each}`} /> {t(`net.legend.${each}`)}</span>
      ))}
    </p>
  );
}

function Chosen({ net, node, kindName, chosen, choose, pinned, busy, pin, expand, from, setFrom }: { net: Net; node: NetNode; kindName: KindName; chosen: boolean; choose: () => void; pinned: boolean; busy: boolean; pin: () => void; expand: () => void; from: string | undefined; setFrom: (id: string | undefined) => void }) {
  const { t, format } = useWords();
  const { data: vocabulary } = useVocabulary();
  const shared = node.isPerson ? sharedWith(net, node.id) : [];
  const users = node.isPerson ? [] : (linksOf(net).get(node.id) ?? []);
  const day = (ms: number) => format.time(new Date(ms).toISOString());
  const entity = vocabulary ? entityOf(node, vocabulary) : "";
  return (
    <Panel title={<>{kindName(node)} <code>{node.name}</code></>}>
      <p className="acts">
        <Button size="small" onClick={expand} loading={busy} disabled={node.expanded}>{t("net.expand")} <Keys keys="e" /></Button>
        <Button size="small" onClick={choose} aria-pressed={chosen}>{t(chosen ? "net.unchoose" : "net.choose")} <Keys keys="s" /></Button>
        <Button size="small" onClick={pin} aria-pressed={pinned}>{t(pinned ? "net.unpin" : "net.pin")} <Keys keys="p" /></Button>
        <Button size="small" onClick={() => setFrom(from === node.id ? undefined : node.id)} aria-pressed={from === node.id}>{t("net.pathFrom")} <Keys keys="x" /></Button>
      </p>
      <p>
        {vocabulary?.entities.includes(entity) && <><Link to={placeOf(entity, node.code)}>{t("net.entity")}</Link> · </>}
        <Link to={`/decisions?of=${encodeURIComponent(`${entity}:code:${node.code}`)}`}>{t("net.decisions")}</Link>
        {node.gang !== null && <> · <Link to={`/network/gang/${node.gang}`}>{t("net.gangNumber", { n: node.gang })}</Link></>}
      </p>
      {node.bad && <p className="flag">{t("net.badWhy")}</p>}
      {!node.isPerson && <p className="quiet">{t("net.usedBy", { n: node.people })}</p>}
      <h3>{t("net.whyLinked")}</h3>
      <ul className="whys">
        {shared.slice(0, 60).map((each) => (
          <li key={`${each.other}/${each.over}`}>
            <code>{net.nodes.get(each.other)?.name}</code>
            <span>{t("net.shares", { what: over(net, each.over, kindName), mine: day(each.mine.first), theirs: day(each.theirs.first) })}</span>
          </li>
        ))}
        {users.map((each) => (
          <li key={each.person}>
            <code>{net.nodes.get(each.person)?.name}</code>
            <span>{t("net.used", { n: each.events, first: day(each.first), last: day(each.last) })}</span>
          </li>
        ))}
      </ul>
      {shared.length === 0 && users.length === 0 && <p className="quiet">{t("net.alone")}</p>}
    </Panel>
  );
}

function over(net: Net, thing: string, kindName: KindName): string {
  const node = net.nodes.get(thing);
  return node ? `${kindName(node)} ${node.name}` : thing;
}

function PathWords({ net, path, from, kindName }: { net: Net; path: NetLink[]; from: string; kindName: KindName }) {
  const { t, format } = useWords();
  const steps = path.map((link, number) => {
    const before = path.slice(0, number).reduce((at, each) => (each.person === at ? each.thing : each.person), from);
    const to = link.person === before ? link.thing : link.person;
    return { key: `${link.person}~${link.thing}`, node: net.nodes.get(to), link };
  });
  const start = net.nodes.get(from);
  return (
    <ol className="whys">
      <li>{start && <><code>{start.name}</code> <span>{kindName(start)}</span></>}</li>
      {steps.map((each) => (
        <li key={each.key}>
          ↓ <code>{each.node?.name}</code> <span>{each.node && kindName(each.node)} · {t("net.used", { n: each.link.events, first: format.time(new Date(each.link.first).toISOString()), last: format.time(new Date(each.link.last).toISOString()) })}</span>
        </li>
      ))}
    </ol>
  );
}

function LinkTable({ net, links, kindName }: { net: Net; links: NetLink[]; kindName: KindName }) {
  const { t, format } = useWords();
  const [most, setMost] = useState(300);
  const rows = [...links].sort((a, b) => b.first - a.first);
  const time = (ms: number) => format.time(new Date(ms).toISOString());
  return (
    <div className="net-table">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">{t("list.who")}</th>
            <th scope="col">{t("net.thing")}</th>
            <th scope="col">{t("net.first")}</th>
            <th scope="col">{t("net.last")}</th>
            <th scope="col" className="num">{t("net.events")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((each) => {
            const thing = net.nodes.get(each.thing);
            return (
              <tr key={`${each.person}~${each.thing}`}>
                <td className="mono">{net.nodes.get(each.person)?.name}</td>
                <td>{thing && <>{kindName(thing)} <code>{thing.name}</code></>}</td>
                <td className="time">{time(each.first)}</td>
                <td className="time">{time(each.last)}</td>
                <td className="num">{format.number(each.events)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length > most && <Button onClick={() => setMost(most + 300)}>{t("common.more")}</Button>}
    </div>
  );
}

function Lineage({ gang }: { gang: Gang }) {
  const { t, format } = useWords();
  return (
    <Panel title={t("net.lineage")}>
      <ol className="whys">
        {[...gang.lineage].reverse().slice(0, 40).map((each, number) => (
          <li key={number}>
            <b>{t(`net.what.${each.what}` as "net.what.BORN")}</b> <span className="quiet">{format.time(each.time)}</span> {each.who && <code>{each.who.slice(each.who.indexOf(":") + 1)}</code>}
            {each.other != null && <Link to={`/network/gang/${each.other}`}> {t("net.gangNumber", { n: each.other })}</Link>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
