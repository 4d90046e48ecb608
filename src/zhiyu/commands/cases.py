"""`zhiyu cases verify|key`: whether a report pack is what was signed; the public key that a lender tells those who get its packs.

In: a pack. Out: what it is, and whether anything in it was changed. Exit code 1 when it was.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from zhiyu.commands.terminal import language_of, language_option, require_server, told


@click.group()
def cases() -> None:
    """Report packs of cases: verify one, tell the key that signs them."""


@cases.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--key", default="", help="The public key that the lender has told (64 hex digits); without it any key will do."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def verify(pack: Path, key: str, as_json: bool, lang: str | None) -> None:
    """Whether PACK, a ZIP that a server made of a case, is what was signed. Needs no server, and no secret."""
    language = language_of(lang)
    with told(language):
        require_server("cryptography")
        from zhiyu.cases.pack import verify as verified

        found = verified(pack, key)
        zh = language == "zh"
        if as_json:
            problems = [{"en": en, "zh": told_zh} for en, told_zh in found.problems]
            content = {"holds": not problems, "key": found.public, "manifest": found.manifest, "problems": problems}
            click.echo(json.dumps(content, ensure_ascii=False))
        else:
            case, whose, by, at, what_for = (
                found.manifest.get(each) for each in ("case", "tenant", "by", "at", "purpose")
            )
            click.echo(
                f"案件 {case}（{whose}），{by} 于 {at} 生成，用途：{what_for}"
                if zh
                else f"case {case} of {whose}, made by {by} at {at} for: {what_for}"
            )
            for en, told_zh in found.problems:
                click.echo(f"{'不成立：' if zh else 'does not hold: '}{told_zh if zh else en}")
            if not found.problems:
                count = len(found.manifest["files"])
                click.echo(f"{count} 个文件均与签名一致" if zh else f"all {count} files are what was signed")
            click.echo(f"{'公钥' if zh else 'public key'} {found.public}")
    if found.problems:
        sys.exit(1)


@cases.command("key")
@click.option("--tenant", default="default", show_default=True, help="Whose packs.")
@language_option
def tell_key(tenant: str, lang: str | None) -> None:
    """The public key that signs a tenant's packs (it follows from ZHIYU_KEY); tell it to whoever verifies them."""
    with told(language_of(lang)):
        require_server("cryptography")
        from zhiyu.access.keys import check_tenant
        from zhiyu.cases.pack import Signer
        from zhiyu.engine.opened import tenant_key

        check_tenant(tenant)
        click.echo(Signer(tenant_key(tenant)).public)
