"""The function library: one row per function with its signature and its wording. Nothing else can be called.

In: nothing. Out: `FUNCTIONS`, read by the checker (arity, did-you-mean), by `say` (phrases) and by the documentation.
A phrase names its arguments {0}, {1} …; `{all}` joins them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhiyu.base.errors import Hint

MANY = 32
"""Most arguments of min, max and coalesce."""


@dataclass(frozen=True, slots=True)
class Function:
    """A signature as people write it, how many arguments it takes, and how it reads in a sentence.

    A function with `en_not` is a statement ("… contains …"); `en_not`/`zh_not` are its denial.
    """

    signature: str
    least: int
    most: int
    en: str
    zh: str
    en_not: str = ""
    zh_not: str = ""


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function("abs(x)", 1, 1, "the absolute value of {0}", "{0}的绝对值"),
    "min": Function("min(x, y, …)", 2, MANY, "the smallest of {all}", "{all}中的最小值"),
    "max": Function("max(x, y, …)", 2, MANY, "the largest of {all}", "{all}中的最大值"),
    "clip": Function("clip(x, low, high)", 3, 3, "{0} kept between {1} and {2}", "限制在{1}与{2}之间的{0}"),
    "round": Function("round(x, digits)", 1, 2, "{0} rounded", "{0}四舍五入后的值"),
    "floor": Function("floor(x)", 1, 1, "{0} rounded down", "{0}向下取整后的值"),
    "ceil": Function("ceil(x)", 1, 1, "{0} rounded up", "{0}向上取整后的值"),
    "sqrt": Function("sqrt(x)", 1, 1, "the square root of {0}", "{0}的平方根"),
    "exp": Function("exp(x)", 1, 1, "e to the power of {0}", "e 的{0}次方"),
    "log": Function("log(x)", 1, 1, "the natural logarithm of {0}", "{0}的自然对数"),
    "log10": Function("log10(x)", 1, 1, "the decimal logarithm of {0}", "{0}的常用对数"),
    "pow": Function("pow(x, y)", 2, 2, "{0} to the power of {1}", "{0}的{1}次方"),
    "coalesce": Function("coalesce(x, y, …)", 2, MANY, "the first known of {all}", "{all}中第一个非空值"),
    "zscore": Function(
        "zscore(x, mean, std)",
        3,
        3,
        "the z-score of {0} (mean: {1}, deviation: {2})",
        "{0}的标准分（均值：{1}，标准差：{2}）",
    ),
    "ratio": Function("ratio(x, y)", 2, 2, "the ratio of {0} to {1}", "{0}与{1}之比"),
    "hour": Function('hour(time, "+08:00")', 1, 2, "the hour of {0}", "{0}的小时"),
    "weekday": Function('weekday(time, "+08:00")', 1, 2, "the weekday of {0} (Monday = 0)", "{0}的星期（周一 = 0）"),
    "day_of_month": Function('day_of_month(time, "+08:00")', 1, 2, "the day of the month of {0}", "{0}在当月的日期"),
    "is_weekend": Function(
        'is_weekend(time, "+08:00")', 1, 2, "{0} is on a weekend", "{0}在周末", "{0} is not on a weekend", "{0}不在周末"
    ),
    "duration": Function('duration("5m")', 1, 1, "{0}", "{0}"),
    "seconds": Function("seconds(duration)", 1, 1, "{0} in seconds", "{0}（秒）"),
    "minutes": Function("minutes(duration)", 1, 1, "{0} in minutes", "{0}（分钟）"),
    "hours": Function("hours(duration)", 1, 1, "{0} in hours", "{0}（小时）"),
    "days": Function("days(duration)", 1, 1, "{0} in days", "{0}（天）"),
    "distance_km": Function("distance_km(place, place)", 2, 2, "the distance from {0} to {1}", "{0}到{1}的距离"),
    "lower": Function("lower(text)", 1, 1, "{0} in small letters", "{0}的小写"),
    "upper": Function("upper(text)", 1, 1, "{0} in capitals", "{0}的大写"),
    "trim": Function("trim(text)", 1, 1, "{0} without outer spaces", "去除首尾空格的{0}"),
    "length": Function("length(text)", 1, 1, "the length of {0}", "{0}的长度"),
    "starts_with": Function(
        'starts_with(text, "a")',
        2,
        2,
        "{0} starts with {1}",
        "{0}以{1}开头",
        "{0} does not start with {1}",
        "{0}不以{1}开头",
    ),
    "ends_with": Function(
        'ends_with(text, "a")', 2, 2, "{0} ends with {1}", "{0}以{1}结尾", "{0} does not end with {1}", "{0}不以{1}结尾"
    ),
    "contains": Function(
        'contains(text, "a")', 2, 2, "{0} contains {1}", "{0}包含{1}", "{0} does not contain {1}", "{0}不包含{1}"
    ),
    "prefix": Function("prefix(text, n)", 2, 2, "the first {1} characters of {0}", "{0}的前{1}个字符"),
    "suffix": Function("suffix(text, n)", 2, 2, "the last {1} characters of {0}", "{0}的后{1}个字符"),
    "before": Function('before(text, "@")', 2, 2, "the part of {0} before {1}", "{0}中{1}之前的部分"),
    "after": Function('after(text, "@")', 2, 2, "the part of {0} after {1}", "{0}中{1}之后的部分"),
    "digits_share": Function("digits_share(text)", 1, 1, "the share of digits in {0}", "{0}中数字的占比"),
    "items": Function("items(list)", 1, 1, "the number of items in {0}", "{0}的项数"),
    "has": Function(
        'has(list, "a")', 2, 2, "{0} includes {1}", "{0}包含{1}", "{0} does not include {1}", "{0}不包含{1}"
    ),
}


def usage(function: str) -> Hint:
    """How a function is written, as what to do when it is written otherwise.

    >>> usage("abs").en
    'use: abs(x)'
    """
    signature = FUNCTIONS[function].signature
    return Hint(f"use: {signature}", f"用法：{signature}")
