"""Which column says what turned out to be fraud, and which of its words mean it.

In: shapes of all columns; the words that the user gave. Out: `Label`. A name is held against the values: two of them, or words that say
good and bad among others that say nothing yet (`pending`, `current`, -1). Where no name speaks, words that mean nothing else do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from zhiyu.evaluation.first_look.names import plain
from zhiyu.evaluation.first_look.shapes import Shape

_PLAIN_BAD = frozenset((
    "fraud", "fraudulent", "chargeback", "charged_off", "default", "defaulted", "confirmed_fraud", "scam",
    "欺诈", "违约", "坏客户", "坏账", "诈骗",
))  # fmt: skip
_PLAIN_GOOD = frozenset((
    "legit", "legitimate", "genuine", "non_fraud", "not_fraud", "nonfraud", "no_fraud", "fully_paid", "未违约", "非欺诈", "好客户",
))  # fmt: skip
BAD_WORDS = _PLAIN_BAD | {
    "1", "true", "yes", "y", "t", "bad", "b", "ja", "oui", "si", "anomaly", "attack", "positive", "是", "坏", "逾期", "异常",
}  # fmt: skip
GOOD_WORDS = _PLAIN_GOOD | {
    "0", "false", "no", "n", "f", "good", "normal", "paid", "g", "nein", "non", "benign", "negative", "ok", "否", "正常", "好",
}  # fmt: skip
OPEN_WORDS = frozenset((
    "-1", "pending", "unknown", "unlabeled", "unlabelled", "undetermined", "unconfirmed", "open", "review", "in_review", "under_review",
    "tbd", "none", "-", "?", "待定", "未知", "待核实", "审核中", "处理中", "调查中", "不确定", "未标注", "未标记", "待审核", "无", "空",
))  # fmt: skip
"""Said where nothing is said yet."""
_ANY_ANSWER = frozenset((
    "0", "1", "true", "false", "yes", "no", "y", "n", "t", "f", "b", "g", "ja", "nein", "oui", "non", "si", "positive",
    "negative", "是", "否",
))  # fmt: skip
_NAMED = (
    re.compile(r"(^|_)(is_?fraud|tx_?fraud|fraud_?(flag|label|ind|bool|reported)|fraud)$|欺诈|event_label"),
    re.compile(
        r"(^|_)(label|target|default|defaulted|bad|good_?bad|is_?bad|class|classification|churn|charge_?back|bad_?flag|loan_?default)$"
        r"|违约|标签|逾期标志|是否逾期|是否坏|好坏|default.*next|serious_?dlq"
    ),
    re.compile(r"fraud|逾期|坏账|黑产"),
    re.compile(r"(^|_)(y|flag|outcome|status|loan_?status|risk|response|result|verdict|disposition|decision|finding)$|是否|结论|定性"),
)  # fmt: skip
MAX_WORDS = 12
"""More different words than this are no verdict."""


@dataclass(frozen=True)
class Label:
    """`column` "" where there is none. `open`: words that say nothing yet. `sure`, `named`: its words, its name say what they are."""

    column: str = ""
    fraud: tuple[str, ...] = ()
    legit: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    sure: bool = True
    named: bool = True


def label_of(shapes: Mapping[str, Shape], said: str, fraud: tuple[str, ...]) -> Label:
    """The label, `said` or guessed."""
    if said:
        return _worded(shapes[said], fraud, True)
    for number, pattern in enumerate(_NAMED):
        for name, shape in shapes.items():
            if pattern.search(plain(name)) and _verdict(shape):
                plainly = any(map(_is_bad, set(map(_word, shape.counts)) - {"1", "y", "t", "yes", "true", "是"}))
                return _worded(shape, fraud, plainly or number < len(_NAMED) - 1)
    for shape in shapes.values():
        words = set(map(_word, shape.counts))
        if shape.distinct <= MAX_WORDS and any(map(_is_bad, words & _PLAIN_BAD)) and any(map(_is_good, words)):
            return _worded(shape, fraud, True)
    told = [shape for shape in shapes.values() if _says_both(shape)]
    return _worded(told[0], fraud, False) if len(told) == 1 else Label()


def _says_both(shape: Shape) -> bool:
    """Nothing but words for good, for bad, and for nothing yet, and not those that any question is answered with."""
    words = set(map(_word, shape.counts)) - OPEN_WORDS
    if shape.kind != "text" or not 2 <= len(words) <= MAX_WORDS or words & _ANY_ANSWER:
        return False
    return any(map(_is_bad, words)) and any(map(_is_good, words)) and all(_is_bad(w) or _is_good(w) for w in words)


def _word(text: str) -> str:
    return re.sub(r"[\s\-]+", "_", text.strip().casefold()) if not text.strip().startswith("-") else text.strip()


def _is_bad(word: str) -> bool:
    return word in BAD_WORDS or any(
        len(each) > 6 and word.endswith(each) and not word.startswith(("no", "un")) for each in _PLAIN_BAD
    )


def _is_good(word: str) -> bool:
    return word in GOOD_WORDS or any(len(each) > 6 and word.endswith(each) for each in _PLAIN_GOOD)


def _verdict(shape: Shape) -> bool:
    """Two words besides those that say nothing yet; or more, good and bad among them."""
    if shape.kind not in ("int", "number", "bool", "text"):
        return False
    words = {word for word in map(_word, shape.counts) if word not in OPEN_WORDS}
    if 1 <= len(words) <= 2:
        return True
    return len(words) <= MAX_WORDS and any(map(_is_bad, words)) and any(map(_is_good, words)) and shape.kind == "text"


def _worded(shape: Shape, fraud: tuple[str, ...], named: bool) -> Label:
    """What the words of a column mean."""
    told = {text: _word(text) for text, _ in reversed(shape.counts.most_common())}
    if fraud:
        wanted = {text.strip().casefold() for text in fraud}
        bad = tuple(text for text in told if text.strip().casefold() in wanted) or fraud
        rest = [text for text in told if text not in bad]
        silent = tuple(text for text in rest if told[text] in OPEN_WORDS and len(rest) > 1)
        return Label(shape.name, bad, tuple(text for text in rest if text not in silent), silent, True, named)
    open_ = tuple(text for text in told if told[text] in OPEN_WORDS)
    words = {text: word for text, word in told.items() if text not in open_}
    if len(words) < 2 <= len(told):  # 1 and -1, yes and none: the word for nothing is the other answer
        words, open_ = dict(told), ()
    bad = tuple(text for text, word in words.items() if _is_bad(word))
    good = tuple(text for text, word in words.items() if _is_good(word))
    if len(words) > 2:
        return Label(shape.name, bad, good, tuple(text for text in told if text not in bad + good), True, named)
    numeric = {"0", "1"} >= set(words.values())
    plainly = len(bad) == 1 and not (numeric and shape.counts[bad[0]] * 2 > sum(shape.counts[text] for text in words))
    if plainly and (good or len(words) == 1):
        return Label(shape.name, bad, good, open_, True, named)
    if len(good) == 1 and not bad and len(words) == 2:
        return Label(shape.name, tuple(text for text in words if text not in good), good, open_, True, named)
    if not words:
        return Label(shape.name, (), (), open_, False, named)
    rarer = next(iter(words))
    return Label(shape.name, (rarer,), tuple(text for text in words if text != rarer), open_, False, named)
