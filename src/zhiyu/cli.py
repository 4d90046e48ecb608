"""The command line: every command of `commands/` under one name.

Exit codes: 0 done; 1 the policy or the input is wrong (the message says where and what to do); 2 wrong usage.
"""

from __future__ import annotations

import click

from zhiyu.commands.attack import attack
from zhiyu.commands.audit import audit
from zhiyu.commands.backtest import backtest
from zhiyu.commands.bench import bench
from zhiyu.commands.cases import cases
from zhiyu.commands.check import check
from zhiyu.commands.decide import decide
from zhiyu.commands.demo import demo
from zhiyu.commands.diff import diff
from zhiyu.commands.explain import explain
from zhiyu.commands.forget import forget
from zhiyu.commands.init import init
from zhiyu.commands.keys import keys
from zhiyu.commands.learn import apply, learn
from zhiyu.commands.lists import lists as lists_group
from zhiyu.commands.lists import snooze
from zhiyu.commands.metrics import metrics
from zhiyu.commands.models import models
from zhiyu.commands.network import gangs, network
from zhiyu.commands.people import people
from zhiyu.commands.person import person
from zhiyu.commands.publish import publish
from zhiyu.commands.replay import replay
from zhiyu.commands.report import report
from zhiyu.commands.restraint import restraint
from zhiyu.commands.retention import retention
from zhiyu.commands.send import send
from zhiyu.commands.serve import serve
from zhiyu.commands.simulate import simulate
from zhiyu.commands.stand_in import stand_in
from zhiyu.commands.train import train
from zhiyu.commands.tune import tune
from zhiyu.commands.vault import vault
from zhiyu.commands.verify import verify
from zhiyu.commands.vocabulary import vocabulary
from zhiyu.commands.warm import warm


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zhiyu")
def main() -> None:
    """Zhiyu 智御: explainable decisions on streams of credit events.

    Start with `zhiyu init DIR`, then `zhiyu check DIR`, then `zhiyu replay DIR/events.ndjson --policy DIR`.
    """


for _command in (
    apply,
    attack,
    audit,
    backtest,
    bench,
    cases,
    check,
    decide,
    demo,
    diff,
    explain,
    forget,
    gangs,
    init,
    keys,
    learn,
    lists_group,
    metrics,
    models,
    network,
    people,
    person,
    publish,
    replay,
    report,
    restraint,
    retention,
    send,
    serve,
    simulate,
    snooze,
    stand_in,
    train,
    tune,
    vault,
    verify,
    vocabulary,
    warm,
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
