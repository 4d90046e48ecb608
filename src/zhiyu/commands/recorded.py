"""What the commands about records share: which database, whose, under which key, and who is at the keyboard.

In: `--data`, `--records`, `--tenant`. Out: open `Records` and the tenant's `Audit`.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import require_server

if TYPE_CHECKING:
    from zhiyu.access.audit import Audit
    from zhiyu.records.store import Records


def records_options(command: Any) -> Any:
    """Adds `--data`, `--records` and `--tenant` to a command."""
    command = click.option("--tenant", default="default", show_default=True, help="Whose records.")(command)
    command = click.option(
        "--records",
        "url",
        default=None,
        envvar="ZHIYU_RECORDS",
        help="The records' database: postgresql://… (default: ZHIYU_RECORDS, else records.db in the data folder).",
    )(command)
    return click.option(
        "--data", "-d", type=click.Path(path_type=Path), default=None, help="The data folder of `zhiyu serve`."
    )(command)


@contextmanager
def opened_records(data: Path | None, url: str | None, tenant: str) -> Iterator[tuple[Records, Audit]]:
    """The database and the audit. InputError when neither a folder nor a URL is given, or the packages are missing."""
    if data is None and not url:
        raise InputError(
            "where are the records? give --data DIR, or --records URL",
            "业务数据在哪里？请给出 --data 目录或 --records URL",
        )
    require_server("alembic", "argon2", "sqlalchemy")
    from zhiyu.access.audit import Audit
    from zhiyu.access.keys import check_tenant
    from zhiyu.engine.opened import tenant_key
    from zhiyu.records.store import Records, url_of

    check_tenant(tenant)
    records = Records(url_of(data or Path(), url))
    try:
        yield records, Audit(tenant, tenant_key(tenant))
    finally:
        records.close()


def at_the_keyboard() -> str:
    """Who does this, for the audit: the user of this machine's account."""
    return f"local:{getpass.getuser()}"[:128]
