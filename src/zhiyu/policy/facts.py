"""What a condition says about each thing it looks at, when it is true.

In: the nodes of a condition and the types of its names. Out: `Facts`: per looked-at text (`amount`, `hour(time)`, `a
- b`) the values that remain possible. A condition that leaves nothing possible can never fire; one whose facts imply
an earlier condition is shadowed. Only what is certain is said: an `or` contributes when all but one of its branches
are impossible, unknown functions contribute nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import Boolean, Compare, IsNull, Literal, Membership, Name, Node, Not
from zhiyu.policy.possible import NEGATED, Possible, Types, Value, against_number, against_text, declared, number_of


@dataclass(slots=True)
class Facts:
    """Looked-at text → what is possible; `held` are the canonical texts of conditions known to be true."""

    types: Types
    possible: dict[str, Possible]
    held: set[str]
    impossible: str = ""

    @staticmethod
    def of(node: Node, types: Types) -> Facts:
        """The facts of a true condition."""
        facts = Facts(types, {}, set())
        for _ in range(2):  # the second pass lets later conjuncts decide earlier `or`s
            facts.assume(node)
        return facts

    def copy(self) -> Facts:
        """An independent copy, to try a branch."""
        return Facts(self.types, dict(self.possible), set(self.held), self.impossible)

    def assume(self, node: Node) -> None:
        """Take `node` as true."""
        self.held.add(canonical(node))
        match node:
            case Boolean("and", operands):
                for operand in operands:
                    self.assume(operand)
            case Boolean("or", operands):
                self._assume_one_of(operands)
            case Not(operand):
                self._assume_not(operand)
            case Literal(bool() as value):
                if not value:
                    self.impossible = self.impossible or "false"
            case Name(name):
                self._restrict(name, node, allowed=frozenset({True}))
            case Compare():
                self._assume_compare(node)
            case Membership(item, members, negated) if isinstance(members, tuple):
                self._assume_member(item, members, negated, canonical(node))
            case IsNull(operand, negated):
                self._assume_null(operand, null=not negated)

    def _assume_not(self, operand: Node) -> None:
        match operand:
            case Not(inner):
                self.assume(inner)
            case Compare(operator, left, right):
                self.assume(Compare(NEGATED[operator], left, right))  # type: ignore[arg-type]
            case Membership(item, members, negated):
                self.assume(Membership(item, members, not negated))
            case IsNull(inner, negated):
                self.assume(IsNull(inner, not negated))
            case Boolean(operator, operands):
                opposite = "or" if operator == "and" else "and"
                self.assume(Boolean(opposite, tuple(Not(each) for each in operands)))  # type: ignore[arg-type]
            case Name(name):
                self._restrict(name, operand, allowed=frozenset({False}))
            case Literal(bool() as value):
                if value:
                    self.impossible = self.impossible or "not true"

    def _assume_one_of(self, operands: tuple[Node, ...]) -> None:
        alive = [operand for operand in operands if not self.with_(operand).impossible]
        if not alive:
            self.impossible = self.impossible or canonical(Boolean("or", operands))
        elif len(alive) == 1:
            self.assume(alive[0])

    def with_(self, node: Node) -> Facts:
        """These facts, and `node`."""
        branch = self.copy()
        branch.assume(node)
        return branch

    def get(self, node: Node) -> Possible:
        """What is possible for a looked-at node, its declared range included."""
        return self.possible.get(canonical(node)) or declared(node, self.types)

    def _set(self, node: Node, value: Possible, because: str = "") -> None:
        self.possible[canonical(node)] = value
        if value.empty or (value.null is True and value.allowed is not None and not value.allowed):
            self.impossible = self.impossible or because or canonical(node)

    def _restrict(
        self, name: str, node: Node, allowed: frozenset[Value] | None = None, excluded: frozenset[Value] = frozenset()
    ) -> None:
        now = self._present(node)
        both = allowed if now.allowed is None else now.allowed if allowed is None else now.allowed & allowed
        self._set(node, replace(now, allowed=both, excluded=now.excluded | excluded), name)

    def _present(self, node: Node) -> Possible:
        now = self.get(node)
        if now.null is True:
            self.impossible = self.impossible or f"{canonical(node)} is null"
        return replace(now, null=False)

    def _assume_null(self, operand: Node, null: bool) -> None:
        now = self.get(operand)
        if now.null is not None and now.null is not null:
            self.impossible = self.impossible or f"{canonical(operand)} is {'' if null else 'not '}null"
        self._set(operand, replace(now, null=null))

    def _assume_compare(self, node: Compare) -> None:
        placed = against_number(node, self.types)
        if placed:
            subject, operator, value = placed
            self._set(subject, self._present(subject).bounded(operator, value), canonical(node))
            return
        subject_text = against_text(node)
        if subject_text:
            subject, text = subject_text
            single = frozenset({text})
            if node.operator == "==":
                self._restrict(canonical(node), subject, allowed=single)
            elif node.operator == "!=":
                self._restrict(canonical(node), subject, excluded=single)

    def _assume_member(self, item: Node, members: tuple[Literal, ...], negated: bool, text: str) -> None:
        texts = frozenset(m.value for m in members if isinstance(m.value, (str, bool)))
        if len(texts) == len(members):
            if negated:
                self._restrict(text, item, excluded=texts)
            else:
                self._restrict(text, item, allowed=texts)
            return
        numbers = [number_of(m) for m in members]
        present = [n for n in numbers if n is not None]
        if not negated and present and len(present) == len(numbers):
            now = self._present(item).bounded(">=", min(present)).bounded("<=", max(present))
            self._set(item, now, text)
