"""What a long list costs: `card in list` with a million entries against ten, for lists that change and for constants.

In: how many entries. Out: costs of one event and of columns, for the long and the short list. Half of the cards asked for are on the long
list, in random order, so that every look goes to another place in memory.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.bench.core import KEY
from zhiyu.bench.given import batch_of, blocks, compiled_from, kernel_alone
from zhiyu.bench.stream import START_MS, scattered
from zhiyu.bench.turns import Cost, Work, in_turns
from zhiyu.engine.engine import Engine
from zhiyu.entities.lists import ListChange
from zhiyu.events.declare import EventType, Field
from zhiyu.expressions import NamedSet, Scope, check, compile_program, load_constants, parse, run_program
from zhiyu.expressions.types import STRING
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_lists import EntityList

SHORT = 10
BLOCK = 64


def list_policy() -> Policy:
    """One rule that asks one list."""
    fields = {"card": Field(type="string", required=True, entity="card")}
    rules = RuleSet(name="one", rules=(Rule(name="stolen", when="card in stolen_cards", outcome="decline"),))
    return Policy(
        name="lists", events=(EventType(name="payment", fields=fields),), lists=(EntityList(name="stolen_cards", of="card"),),
        rule_sets=(rules,),
    )  # fmt: skip


def cards(entries: int, asked: int, seed: int = 15) -> tuple[Array, Array]:
    """(codes of the list, codes that are asked for: half of them are listed)."""
    listed = scattered(np.arange(1, entries + 1))
    return listed, scattered(np.random.default_rng(seed).integers(1, 2 * entries + 1, asked))


def engine_with(listed: Array) -> Engine:
    """An engine whose list holds these cards."""
    codes = Codes(KEY)
    engine = Engine(compiled_from(list_policy(), codes), codes)
    engine.lists.put([ListChange(START_MS - 1, "stolen_cards", "add", code) for code in listed.tolist()])
    return engine


def list_costs(entries: int, singles: int, columns: int, rounds: int) -> dict[str, Cost]:
    """Names: (one | kernel | columns | constants)_(long | short)."""
    works: dict[str, Work] = {}
    listed, asked = cards(entries, max(singles, columns))
    for name, held in (("long", listed), ("short", listed[:SHORT])):
        engine = engine_with(held)
        batch = batch_of(engine.compiled.schema, engine.codes, "payment", {"card": asked})
        few = batch_of(engine.compiled.schema, engine.codes, "payment", {"card": asked[:singles]})
        works[f"one_{name}"] = blocks(engine, few, 1)
        works[f"kernel_{name}"] = kernel_alone(engine, batch)
        works[f"columns_{name}"] = blocks(engine, batch, columns)
        works[f"constants_{name}"] = by_constants(held, asked)
    return in_turns(works, rounds)


def by_constants(held: Array, asked: Array) -> Work:
    """The register machine asking a set of constants, in blocks of 64."""
    texts = [str(code) for code in held.tolist()]
    codes = dict(zip(texts, held.tolist()))
    scope = Scope({"card": STRING}, {"big": NamedSet("big", STRING, texts)})
    text = "card in big"
    program = compile_program([check(parse(text), scope, text)], {"card": 0}, 1, codes.__getitem__)
    values, nulls = np.zeros((program.n_registers, BLOCK), np.int64), np.zeros((program.n_registers, BLOCK), np.uint8)
    load_constants(program, values, nulls)

    def run() -> int:
        hits = 0
        for at in range(0, len(asked) - len(asked) % BLOCK, BLOCK):
            values[0] = asked[at : at + BLOCK]
            run_program(program.code, program.sets, values, nulls, BLOCK)
            hits += int(values[program.outputs[0]].sum())
        return hits

    return Work(run, len(asked))
