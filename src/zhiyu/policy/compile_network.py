"""`network:` of a policy becomes the plan of the network's kernel.

In: the checked policy, registers by name, which results are in use. Out: a `NetworkPlan`, or None when nothing of the network is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zhiyu.base.windows import parse_duration_ms
from zhiyu.network.declare import Gang, Network, NetworkFeature
from zhiyu.network.layout import APPLIES, LABELS, LOOKS, NOTHING, R_BAD, R_BAD_1, R_BAD_2, R_BAD_SHARE
from zhiyu.network.plan import NEVER, GangPlan, LinkPlan, NetworkPlan, weight_of
from zhiyu.policy.builtin import LABEL
from zhiyu.policy.checked import Checked, CheckedFeature

ASKS_LABELS = frozenset({R_BAD, R_BAD_SHARE, R_BAD_1, R_BAD_2})


def is_network(checked: CheckedFeature) -> bool:
    """Whether a feature is a result of the network."""
    return isinstance(checked.feature, NetworkFeature)


def asks_labels(used: Sequence[CheckedFeature]) -> bool:
    """Whether one of the results says who is known to be bad."""
    return any(isinstance(each.feature, NetworkFeature) and each.feature.result in ASKS_LABELS for each in used)


def compile_network(
    checked: Checked, used: Sequence[CheckedFeature], layout: Mapping[str, int], gate: int
) -> NetworkPlan | None:
    """The plan of the results in `used`; `layout`: register by name of fields and of these results; `gate`: register of the gang's gate."""
    declared = checked.policy.network
    if declared is None or not used:
        return None
    outputs = tuple(
        (each.feature.result, layout[each.feature.name]) for each in used if isinstance(each.feature, NetworkFeature)
    )
    return NetworkPlan(
        person=layout[declared.person],
        links=_links(checked, declared, layout),
        window_ms=parse_duration_ms(declared.window),
        outputs=outputs,
        roles=_roles(checked, declared, asks_labels(used)),
        counted_ms=tuple(parse_duration_ms(each) for each in declared.counts),
        amount=layout[declared.amount] if declared.amount else -1,
        bad=layout["fraud"],
        half_life_ms=parse_duration_ms(declared.half_life),
        min_persons=declared.min_persons,
        gang=_gang(declared, declared.gang, gate) if declared.gang else None,
    )


def _gang(network: Network, declared: Gang, gate: int) -> GangPlan:
    fields = [link.field for link in network.links]
    over, within = tuple(fields.index(field) for field in declared.over), parse_duration_ms(declared.over_window)
    window = parse_duration_ms(declared.window)
    return GangPlan(gate, window, declared.lag_events, declared.alert_people or NEVER, over, within)


def _roles(checked: Checked, declared: Network, labels: bool) -> tuple[int, ...]:
    """What goes on after a wait came before: it looks only."""
    on = frozenset(declared.on) or checked.known.deciding & checked.known.facts
    roles = dict.fromkeys(checked.written.resumed_too(on), LOOKS) | dict.fromkeys(on, APPLIES)
    roles |= {LABEL: LABELS} if labels else {}
    return tuple(roles.get(event.name, NOTHING) for event in checked.known.schema.types)


def _links(checked: Checked, declared: Network, layout: Mapping[str, int]) -> tuple[LinkPlan, ...]:
    """Links of one entity get one type of node, so that they meet."""
    entities = [_entity(checked, link.field) for link in declared.links]
    types = {entity: number for number, entity in enumerate(dict.fromkeys(entities), 1)}
    return tuple(
        LinkPlan(layout[link.field], types[entity], link.joins, link.max_people, weight_of(link) or 1)
        for link, entity in zip(declared.links, entities)
    )


def _entity(checked: Checked, name: str) -> str:
    """What a field's values are: its declared entity, else the field itself."""
    declared = (event.fields[name].entity for event in checked.policy.events if name in event.fields)
    return next((entity for entity in declared if entity), name)
