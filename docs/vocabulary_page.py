"""The reference page of the loan vocabulary, made from its declarations.

In: `zhiyu.events.vocabulary`. Out: the text of docs/reference/vocabulary.md, English and Chinese side by side.
"""

from __future__ import annotations

from zhiyu.events.vocabulary import TYPES, Word
from zhiyu.events.vocabulary.fields import TOPICS
from zhiyu.events.vocabulary.types import STAGES
from zhiyu.events.vocabulary.words import about_field, keys_of

HEAD = """\
The types of event in a consumer loan's life, and their fields. A policy takes them with one line and holds plain event types afterwards:

```yaml
name: my_lender
events: {use: loan, types: [registration, log_in, application, draw_down]}
```

策略用一行即可采用下列事件类型；采用之后策略里就是普通的事件类型，词汇表以后增加字段不会改变旧策略。

`types` left out takes all of them. `also` adds what is special to a lender, by type:

```yaml
name: my_lender
events:
  - use: loan
    types: [application, payment]
    also:
      application:
        require: [device, ip]          # an event without them is refused
        fields: {branch: {type: string, entity: branch, en: branch, zh: 网点}}
        derive: {night: 'hour(time, "+08:00") < 6'}
      payment: {decide: false}
  - {name: coupon, decide: false, fields: {customer: {type: string, required: true, entity: customer}}}
```

In Python: `events=zhiyu.loan_events(types=("application",), also={"application": zhiyu.Added(require=("device",))})`; the same policy, the
same hash. `zhiyu vocabulary TYPE` shows one type, `zhiyu vocabulary --schema --out DIR` writes a JSON Schema per type. What the
schema takes, the door takes; the door also takes looser spellings (numbers and truth values as text, spaces around texts).

A lender's own names, words, units and dates are mapped by a [source](policy-files.md#source):

```yaml
name: my_lender
events: {use: loan, types: [application, draw_down, identity_step]}
sources:
  - name: core_system
    type_column: EVT
    types: {A01: application, D05: draw_down}
    id: EVT_ID
    time: {column: EVT_TM, formats: ["%Y%m%d%H%M%S"], timezone: Asia/Shanghai}
    fields: {customer: CUST_NO, amount: AMT, channel: CHNL, term_months: TERM_Y, rooted: ROOT_FLG}
    times: {document_until: {column: ID_EXP, formats: ["%Y%m%d"], timezone: Asia/Shanghai}}
    values: {channel: {1: app, 2: web, 9: store}, rooted: {Y: true, N: false}}
    units: {amount: fen, term_months: years}
```

Truth about earlier events arrives as `report`; the type `label` of a replay (see [concepts](../concepts.md#6-what-comes-back)) is made from
label columns and label files.
"""


def vocabulary_page(note: str) -> str:
    """The whole page; `note` says that it is generated."""
    lines = ["# The loan vocabulary 贷款全流程词汇表", "", note, HEAD, "## Types 事件类型", ""]
    lines += [
        "| type | 名称 | stage 阶段 | decided | money at risk 风险金额 | keys 主键 | meaning 含义 |",
        "|---|---|---|---|---|---|---|",
    ]
    for word in TYPES.values():
        stage = " ".join(STAGES[word.stage])
        keys = ", ".join(keys_of(word))
        decided = "yes" if word.decide else ""
        cells = (
            f"[`{word.name}`](#{word.name})",
            word.zh,
            stage,
            decided,
            word.money,
            keys,
            f"{word.says_en} {word.says_zh}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## Fields 字段", ""]
    for en, zh, terms in TOPICS:
        lines += [f"### {en} {zh}", "", "| field | kind, range, key | meaning | 含义 |", "|---|---|---|---|"]
        for term in terms:
            kind = about_field(term).replace("|", "\\|")
            lines.append(f"| `{term.name}` {term.field.zh} | {kind} | {term.en} | {term.zh} |")
        lines.append("")
    lines += ["## Fields of each type 各类型的字段", ""]
    for word in TYPES.values():
        lines += _fields(word)
    return "\n".join(lines).rstrip() + "\n"


def _fields(word: Word) -> list[str]:
    needed = ", ".join(f"`{name}`" for name in word.required)
    may = ", ".join(f"`{name}`" for name in word.optional) or "–"
    return [
        f"### {word.name}",
        "",
        f"{word.says_en} {word.says_zh}",
        "",
        f"Required 必填: {needed}. Optional 可选: {may}.",
        "",
    ]
