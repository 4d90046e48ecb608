"""What a policy achieves on the simulated lender: precision of what it stops, and the share of each kind of fraud it stops, in money.

In: a policy folder, sizes, difficulties. Out: figures of the second half of the time, per difficulty; the first half is where rules are
chosen.
*Stopped* is anything but pass and notify. *Money* is that of draw-downs, payments and transfers, so that an application and the draw-down
after it are not counted twice. A fraud's money is stopped *in time* when the event itself was stopped, or an earlier event of the same
customer and scheme: who is stopped at the application never draws.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.simulation.lender import VERSION, Wanted, make_lender
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.parameters import DAY_MS
from zhiyu.simulation.lender.rows import KINDS, NUMBER
from zhiyu.simulation.lender.write import write_lender

MOVES_MONEY = tuple(NUMBER[name] for name in ("draw_down", "payment", "transfer"))
STOPPED, HARD = OUTCOMES.index("challenge"), OUTCOMES.index("delay")
Say = Callable[[str, float], None]
Ints = NDArray[np.int64]


def policy_on_lender(policy: Path, wanted: Wanted) -> dict[str, Any]:
    """Simulate, replay, compare with the truth of the second half."""
    made = make_lender(wanted)
    with tempfile.TemporaryDirectory() as room:
        outcome, spend = outcomes_on_lender(open_policy(policy), made, Path(room))
    late = made.events["time"] >= wanted.days * DAY_MS // 2
    events = {name: made.events[name].astype(np.int64) for name in ("type", "kind", "amount", "person", "time")}
    return judged(events, outcome, late) | {"spend": spend}


def outcomes_on_lender(opened: Opened, made: Made, folder: Path) -> tuple[Ints, Any]:
    """What every event came to, services answered and waits over: int64[events], -1 where nothing was decided; and what services cost."""
    write_lender(made, folder / "lender", policy=opened.policy if opened.policy.services else None)
    replayed = Replay(opened, folder / "lender" / "events.parquet", out=folder / "run").run()
    decided = _came_to(folder / "run")
    ids = pq.read_table(folder / "lender" / "truth.parquet", columns=["id"])["id"].combine_chunks()
    at = pc.index_in(decided["event_id"].combine_chunks(), value_set=ids).to_numpy(zero_copy_only=False)
    severity = pc.index_in(decided["outcome"].cast("string").combine_chunks(), value_set=pa.array(OUTCOMES)).to_numpy(
        zero_copy_only=False
    )
    outcome = np.full(len(made.events), -1, np.int64)
    outcome[at] = severity
    return outcome, replayed.spend


def _came_to(run: Path) -> pa.Table:
    """`event_id`, `outcome`: what was decided first, then what it came to after waits and calls, the last one last."""
    names = ["event_id", "outcome"]
    first = pq.read_table(next(run.rglob("decisions.parquet")), columns=names)
    later = [pq.read_table(each, columns=names) for each in run.rglob("resumed.parquet")]
    return pa.concat_tables([first, *later])


def judged(events: dict[str, Ints], outcome: Ints, late: NDArray[np.bool_]) -> dict[str, Any]:
    """Figures from events in order of time and the outcome of each (-1: not decided)."""
    kind, person, money = events["kind"], events["person"], np.maximum(events["amount"], 0)
    moves = np.isin(events["type"], MOVES_MONEY) & late
    found: dict[str, Any] = {}
    for name, cut in (("stopped", STOPPED), ("held", HARD)):
        hit = moves & (outcome >= cut)
        good = moves & (kind == 0)
        found[name] = {
            "transactions": int(hit.sum()),
            "precision": _ratio((hit & (kind > 0)).sum(), hit.sum()),
            "precision_in_money": _ratio(money[hit & (kind > 0)].sum(), money[hit].sum()),
            "good_stopped": _ratio((hit & good).sum(), good.sum()),
        }
    in_time = _in_time(kind, person, outcome)
    found["kinds"] = {}
    for number, name in enumerate(KINDS[1:], 1):
        of_kind = late & (kind == number) & (moves if (moves & (kind == number)).any() else outcome >= 0)
        found["kinds"][name] = {
            "frauds": int(of_kind.sum()),
            "money_yuan": int(money[of_kind].sum()) // 100,
            "recall": _ratio((of_kind & (outcome >= STOPPED)).sum(), of_kind.sum()),
            "recall_in_money": _ratio(money[of_kind & (outcome >= STOPPED)].sum(), money[of_kind].sum()),
            "in_time_in_money": _ratio(money[of_kind & in_time].sum(), money[of_kind].sum()),
        }
    every = moves & (kind > 0)
    found["recall_in_money"] = _ratio(money[every & (outcome >= STOPPED)].sum(), money[every].sum())
    found["in_time_in_money"] = _ratio(money[every & in_time].sum(), money[every].sum())
    return found


def _in_time(kind: Ints, person: Ints, outcome: Ints) -> NDArray[np.bool_]:
    """Frauds that were stopped, or whose customer was stopped at an earlier fraud of the same scheme."""
    first: dict[tuple[int, int], int] = {}
    frauds = np.flatnonzero(kind > 0)
    for at in frauds.tolist():
        if outcome[at] >= STOPPED:
            first.setdefault((int(person[at]), int(kind[at])), at)
    found = np.zeros(len(kind), np.bool_)
    found[frauds] = [first.get((int(person[at]), int(kind[at])), 1 << 62) <= at for at in frauds.tolist()]
    return found


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None


def run_policy_on_lender(
    policy: Path, days: int, customers: int, difficulties: tuple[int, ...], seed: int, say: Say
) -> dict[str, Any]:
    """The table of all difficulties."""
    found: dict[str, Any] = {"version": VERSION, "days": days, "customers": customers, "seed": seed, "difficulties": {}}
    for number, difficulty in enumerate(difficulties):
        say(f"difficulty {difficulty}", number / len(difficulties))
        found["difficulties"][difficulty] = policy_on_lender(policy, Wanted(days, customers, seed, difficulty))
    return found


def show_policy_on_lender(report: dict[str, Any], console: Console) -> None:
    """Print precision and recall, a column per difficulty."""
    levels = report["difficulties"]
    table = Table("in the second half of the time", *(f"difficulty {level}" for level in levels), box=None)

    def row(name: str, *path: str) -> None:
        values = [_at(each, path) for each in levels.values()]
        table.add_row(name, *("–" if value is None else f"{100 * value:.1f} %" for value in values))

    for cut, words in (("stopped", "stopped (challenge or more)"), ("held", "held back (delay, review, decline)")):
        row(f"transactions {words}: fraud", cut, "precision")
        row("… in money", cut, "precision_in_money")
        row("… of honest transactions", cut, "good_stopped")
    row("fraud money stopped at the transaction", "recall_in_money")
    row("… or before it", "in_time_in_money")
    for kind in KINDS[1:]:
        moves = kind != "proxy_complaint"
        row(
            f"{kind}: {'money' if moves else 'complaints'} stopped, or before",
            "kinds",
            kind,
            "in_time_in_money" if moves else "recall",
        )
    console.print(table)
    for level, each in levels.items():
        if each["spend"]:
            each_asked = each["spend"]["cost"].get("CNY", 0) / max(each["spend"]["asked"], 1) / 100
            console.print(
                f"difficulty {level}: {each['spend']['asked']:,} decisions asked services, ¥{each_asked:.2f} on average"
            )
    told = f"{report['days']} days, {report['customers']:,} customers, seed {report['seed']}, {report['version']}"
    console.print(told, style="dim")


def _at(report: dict[str, Any], path: tuple[str, ...]) -> float | None:
    found: Any = report
    for name in path:
        found = found[name]
    return None if found is None else float(found)
