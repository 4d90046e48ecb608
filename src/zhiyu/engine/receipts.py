"""The receipt of a decision: where it stands, which policy decided, and the chain of everything that came before.

In: the text `zr1.TENANT.POSITION.POLICY.CHAIN` that every answer carries. Out: its parts. Of a decision that waited and went on, the
position is followed by `~` and the number of the step: `zr1.default.7~1.…`. A receipt is a seal over the whole log up to the
decision: nobody can change, add or take out anything before it without another chain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zhiyu.base.errors import InputError

MARK = "zr1"
DIGITS = 32
"""Hexadecimal digits that a receipt carries of the policy's hash and of the chain: 128 bits each."""
_TEXT = re.compile(
    rf"{MARK}\.([a-z0-9][a-z0-9_-]{{0,62}})\.(0|[1-9]\d{{0,18}})(?:~([1-9]\d{{0,5}}))?\.([0-9a-f]{{{DIGITS}}})\.([0-9a-f]{{{DIGITS}}})"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """`policy`, `chain`: the first 32 hexadecimal digits; `revision`: 0 for the first decision, else which step after waiting.

    >>> receipt = Receipt.parse("zr1.default.7." + "a" * 32 + "." + "0" * 32)
    >>> receipt.position, str(receipt) == "zr1.default.7." + "a" * 32 + "." + "0" * 32
    (7, True)
    """

    tenant: str
    position: int
    policy: str
    chain: str
    revision: int = 0

    @staticmethod
    def parse(text: str) -> Receipt:
        """Read a receipt; InputError when it is none."""
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise InputError(
                f"'{text.strip()[:80]}' is no receipt; one looks like {MARK}.TENANT.POSITION.POLICY.CHAIN, with {DIGITS} hexadecimal "
                "digits each for policy and chain; copy the whole of it",
                f"“{text.strip()[:80]}”不是回执；回执形如 {MARK}.租户.位置.策略.链，策略与链各 {DIGITS} 位十六进制；请完整复制",
            )
        tenant, position, revision, policy, chain = found.groups()
        return Receipt(tenant, int(position), policy, chain, int(revision or 0))

    def __str__(self) -> str:
        step = f"~{self.revision}" if self.revision else ""
        return f"{MARK}.{self.tenant}.{self.position}{step}.{self.policy}.{self.chain}"
