"""Which decisions a replay explains: one per leading rule; where a table or the flow decides without a rule, one per outcome."""

import json
from pathlib import Path

from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.events.declare import EventType, Field
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_tables import DecisionTable, Input, Row


def test_a_policy_without_rules_is_explained_by_outcome(tmp_path: Path) -> None:
    login = EventType(name="login", fields={"tries": Field(type="int", required=True)})
    rows = (
        Row(when={"tries": "< 3"}, outcome="pass"),
        Row(when={"tries": "[3..5]"}, outcome="review"),
        Row(when={"tries": "> 5"}, outcome="decline"),
    )
    table = DecisionTable(name="by_tries", inputs=(Input(name="tries", of="tries"),), rows=rows)
    lines = [
        json.dumps({"type": "login", "id": str(n), "time": "2026-01-01T00:00:00Z", "tries": n % 9}) for n in range(40)
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(lines))
    replayed = Replay(open_policy(Policy(name="p", events=(login,), tables=(table,))), tmp_path / "events.ndjson").run()
    assert [(e.event_id, e.outcome) for e in replayed.examples] == [("3", "review"), ("6", "decline")]
