"""`zhiyu warm`: compile the kernels ahead of time.

In: nothing. Out: compiled kernels in the cache, and how long it took.
"""

from __future__ import annotations

import click

from zhiyu.commands.terminal import language_of, language_option, told, warm_kernels


@click.command()
@language_option
def warm(lang: str | None) -> None:
    """Compile all kernels now (once per installation; later starts load them from the cache)."""
    language = language_of(lang)
    with told(language):
        seconds = warm_kernels(language)
        click.echo(f"{'就绪' if language == 'zh' else 'ready'} ({seconds:.1f} s)")
