"""Lists: does every list hold values of something that exists, and of one type; do nodes ask for values of that type?

In: the policy. Out: problems at the list or the node. Entries are checked when they come, not here.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.expressions.report import described
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.known import Known
from zhiyu.policy.places import Path


def lists(checked: Checked) -> None:
    """Check every list."""
    for number, each in enumerate(checked.policy.lists):
        path: Path = ("lists", number, "of")
        found = columns_of(checked.known, each)
        if not found:
            entities = {f.entity for event in checked.policy.events for f in event.fields.values() if f.entity}
            known = [*sorted(entities), *checked.known.names]
            hint = did_you_mean(each.of, known) or Hint(
                f"entities: {', '.join(sorted(entities)) or '-'}", f"已有实体：{'、'.join(sorted(entities)) or '-'}"
            )
            en, zh = f"'{each.of}' is neither an entity nor a field", f"“{each.of}”既不是实体也不是字段"
            checked.error("list.of", path, en, zh, hint)
            continue
        types = {name: (t.kind, t.scale, t.unit, t.is_list) for name, t in found.items()}
        unfit = [name for name, t in found.items() if t.is_list or t.kind not in (Kind.STRING, Kind.INT)]
        if unfit:
            en, zh = described(found[unfit[0]])
            en, zh = (
                f"list '{each.name}' cannot hold '{unfit[0]}': it is {en}",
                f"名单“{each.name}”不能存放“{unfit[0]}”：它是{zh}",
            )
            checked.error(
                "list.type", path, en, zh, Hint("a list holds texts or whole numbers", "名单只能存放文本或整数")
            )
        elif len(set(types.values())) > 1:
            names = ", ".join(types)
            en, zh = f"the fields of '{each.of}' have different types: {names}", f"“{each.of}”的字段类型不一：{names}"
            checked.error(
                "list.type",
                path,
                en,
                zh,
                Hint("name one field, or give them one type", "指定一个字段，或统一它们的类型"),
            )


def columns_of(known: Known, each: EntityList) -> dict[str, Type]:
    """Fields a list is about with their types: those of the entity, else the one field of that name."""
    fields = {name: field for event in known.types.values() for name, field in event.fields.items()}
    of_entity = [name for name, field in fields.items() if field.entity == each.of]
    names = of_entity or [each.of]
    return {name: known.names[name] for name in names if name in known.names}
