"""expressions: the one language of rules, filters, features' `where`, searches and alerts.

In: text, the names it may use, and a register layout. Out: checked expressions, a register
program, sentences in zh and en.
Knows: base only; it has no clock, random, network or disk, and no user code.
"""

from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.check import check
from zhiyu.expressions.machine import run_program
from zhiyu.expressions.parse import parse
from zhiyu.expressions.program import Program, compile_program, load_constants
from zhiyu.expressions.say import say, say_with_values
from zhiyu.expressions.text import Prepared, prepare
from zhiyu.expressions.typed import EntitySet, Expression, NamedSet, Scope

__all__ = [
    "EntitySet",
    "Expression",
    "NamedSet",
    "Prepared",
    "Program",
    "Scope",
    "canonical",
    "check",
    "compile_program",
    "load_constants",
    "parse",
    "prepare",
    "run_program",
    "say",
    "say_with_values",
]
