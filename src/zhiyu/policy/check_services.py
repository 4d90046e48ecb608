"""Services: names that expressions can read, times and prices that make sense, answers with a form, requests that can be made.

In: the declared policy and its places. Out: problems at the word. What the nodes say that ask them is looked at in `check_calls`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from msgspec.structs import replace

from zhiyu.base.errors import NO_HINT, Hint, Problem
from zhiyu.base.limits import MAX_SERVICES
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.base.windows import UNITS_MS, parse_duration_ms
from zhiyu.policy.builtin import BUILTIN_NAMES, BUILTIN_TYPES
from zhiyu.policy.calls import answer_type
from zhiyu.policy.check_names import readable
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_services import Service, Told
from zhiyu.policy.places import Path, Places

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_AT = re.compile(r"[^.\s]+(\.[^.\s]+)*")
_MOST = {"retries": (0, 5), "at_once": (1, 1024)}
SHORTEST_MS, LONGEST_MS = 10, 60 * UNITS_MS["s"]
LONGEST_CACHE_MS = 90 * UNITS_MS["d"]


class Findings:
    """Problems so far, with the places of what was declared."""

    def __init__(self, policy: Policy, places: Places) -> None:
        self.policy, self.places = policy, places
        self.problems: list[Problem] = []

    def error(self, code: str, path: Path, en: str, zh: str, hint: Hint = NO_HINT, key: bool = False) -> None:
        """Something that keeps the policy from running."""
        place = self.places.key(path) if key else self.places.at(path)
        self.problems.append(Problem(code, en, zh, place, "error", *hint))

    def warn(self, code: str, path: Path, en: str, zh: str, hint: Hint = NO_HINT) -> None:
        """Something that is allowed and probably not meant."""
        self.problems.append(Problem(code, en, zh, self.places.at(path), "warning", *hint))

    def span(self, text: str, path: Path, low_ms: int, high_ms: int, said: str) -> int | None:
        """The milliseconds of a duration within bounds; None after saying what is wrong."""
        try:
            found = parse_duration_ms(text)
        except ValueError as fault:
            zh = f"“{text}”不是时长；应为整数加单位，如 500ms"
            self.error("duration", path, str(fault), zh, Hint("write e.g. 500ms or 2s", "例如 500ms 或 2s"))
            return None
        if not low_ms <= found <= high_ms:
            self.error(
                "service.span", path, f"`{path[-1]}` is {text}; it is {said}", f"{path[-1]} 为 {text}，应在 {said}"
            )
            return None
        return found


def service_problems(policy: Policy, places: Places) -> list[Problem]:
    """Everything that is wrong with the declarations of services."""
    found = Findings(policy, places)
    if len(policy.services) > MAX_SERVICES:
        count = len(policy.services)
        found.error(
            "limit.services",
            ("services",),
            f"{count} services; at most {MAX_SERVICES}",
            f"外部服务 {count} 个，上限 {MAX_SERVICES}",
        )
    taken: dict[str, str] = dict.fromkeys((event.name for event in policy.events), "event type")
    taken |= dict.fromkeys(BUILTIN_TYPES, "event type")
    fields: dict[str, str] = {}
    for number, service in enumerate(policy.services):
        path: Path = ("services", number)
        if not readable(service.name) or service.name in taken:
            en, zh = f"'{service.name}' cannot name a service", f"“{service.name}”不能作服务名"
            hint = Hint(
                "use letters, digits and _; no event type or other service may have the name",
                "只用字母、数字和 _，且不与事件类型或其他服务同名",
            )
            found.error("service.name", (*path, "name"), en, zh, hint)
        taken[service.name] = "service"
        _times(found, service, path)
        _price(found, service, path)
        _request(found, service, path)
        _answer(found, service, path, fields)
    return found.problems


def _times(found: Findings, service: Service, path: Path) -> None:
    found.span(service.timeout, (*path, "timeout"), SHORTEST_MS, LONGEST_MS, "10ms … 60s")
    if service.budget:
        found.span(service.budget, (*path, "budget"), SHORTEST_MS, LONGEST_MS, "10ms … 60s")
    if service.cache:
        found.span(service.cache, (*path, "cache"), UNITS_MS["s"], LONGEST_CACHE_MS, "1s … 90d")
    found.span(service.breaker.pause, (*path, "breaker", "pause"), UNITS_MS["s"], UNITS_MS["d"], "1s … 1d")
    counts = [("retries", service.retries, (*path, "retries")), ("at_once", service.at_once, (*path, "at_once"))]
    for name, value, place in counts:
        low, high = _MOST[name]
        if not low <= value <= high:
            found.error(
                "service.count",
                place,
                f"`{name}` is {value}; it is {low} to {high}",
                f"{name} 为 {value}，应在 {low} 到 {high} 之间",
            )
    if not 1 <= service.breaker.failures <= 1_000:
        value = service.breaker.failures
        found.error(
            "service.count",
            (*path, "breaker", "failures"),
            f"`failures` is {value}; it is 1 to 1000",
            f"failures 为 {value}，应在 1 到 1000 之间",
        )
    if service.retries and not service.idempotent:
        en = f"'{service.name}' is tried again, and nothing says that asking twice does no harm"
        hint = Hint(
            "write `idempotent: true` when it does none, else `retries: 0`",
            "若重复请求无害，写 `idempotent: true`；否则 `retries: 0`",
        )
        found.error("service.retries", (*path, "retries"), en, f"“{service.name}”会重试，但没有声明重复请求无害", hint)


def _price(found: Findings, service: Service, path: Path) -> None:
    if service.currency not in MINOR_DIGITS:
        known = ", ".join(MINOR_DIGITS)
        en, zh = f"unknown currency '{service.currency}'", f"未知的货币“{service.currency}”"
        found.error("service.currency", (*path, "currency"), en, zh, Hint(f"one of: {known}", f"可选：{known}"))
    price = _number(service.price)
    digits = MINOR_DIGITS.get(service.currency, 2)
    if price is None or not 0 <= price <= 1_000_000 or price.scaleb(digits) % 1:
        en = f"'{service.price}' is no price: 0 to 1000000, at most {digits} decimal digits"
        zh = f"“{service.price}”不是价格：0 到 1000000，至多 {digits} 位小数"
        found.error("service.price", (*path, "price"), en, zh)


def _request(found: Findings, service: Service, path: Path) -> None:
    request = service.request
    if not _PATH.fullmatch(request.path) or ".." in request.path or "//" in request.path:
        en, zh = f"'{request.path}' is no path of a request", f"“{request.path}”不是请求路径"
        hint = Hint(
            "begin with /, no host and no ?; where the service is stands in the file of `zhiyu serve --services`",
            "以 / 开头，不含主机与 ?；服务地址写在 `zhiyu serve --services` 的文件中",
        )
        found.error("service.path", (*path, "request", "path"), en, zh, hint)
    if request.method == "GET" and (request.body or request.constant):
        en, zh = "a GET has no body", "GET 请求没有正文"
        found.error(
            "service.body",
            (*path, "request", "method"),
            en,
            zh,
            Hint("use `query`, or POST", "使用 `query`，或改用 POST"),
        )
    names = [*request.body, *request.constant]
    for part in ("body", "constant", "query"):
        for name in getattr(request, part):
            if not _AT.fullmatch(name) or (part != "query" and _inside_another(name, names)):
                en, zh = f"'{name}' cannot name a value of the request", f"“{name}”不能作请求参数名"
                found.error("service.request", (*path, "request", part, name), en, zh, key=True)


def _inside_another(name: str, names: list[str]) -> bool:
    """Whether the name is given twice, or stands inside another one that is itself a value."""
    return names.count(name) > 1 or any(name != other and name.startswith(f"{other}.") for other in names)


def _answer(found: Findings, service: Service, path: Path, fields: dict[str, str]) -> None:
    if not service.answer:
        en, zh = f"nothing is taken from the answer of '{service.name}'", f"没有从“{service.name}”的回应中取任何值"
        found.error("service.answer", path, en, zh, Hint("name a field under `answer:`", "请在 `answer:` 下写明字段"))
    own = set(answer_type(replace(service, answer={})).fields)
    declared = {name for event in found.policy.events for name in event.fields}
    for name, told in service.answer.items():
        place: Path = (*path, "answer", name)
        if not readable(name) or name in own or name in BUILTIN_NAMES or name in declared or name in fields:
            en, zh = f"'{name}' cannot name a field of this answer", f"“{name}”不能作该回应的字段名"
            hint = Hint(
                "use letters, digits and _; no function, field of an event or of another answer may have the name",
                "只用字母、数字和 _，且不与函数、事件字段或其他回应字段同名",
            )
            found.error("service.field", place, en, zh, hint, key=True)
        fields[name] = service.name
        if not _AT.fullmatch(told.at):
            en, zh = f"'{told.at}' is no place in a JSON answer", f"“{told.at}”不是 JSON 回应中的位置"
            found.error("service.at", (*place, "at"), en, zh, Hint("write e.g. data.score", "例如 data.score"))
        if told.fallback is not None and not fits(told, told.fallback):
            en, zh = (
                f"the fallback {told.fallback!r} is no value of '{name}'",
                f"兜底值 {told.fallback!r} 不是“{name}”的取值",
            )
            found.error("service.fallback", (*place, "fallback"), en, zh)


def fits(told: Told, value: object) -> bool:
    """Whether a JSON value is one of this field: its type, its digits, its bounds, its words."""
    if told.type in ("string", "enum"):
        return (
            isinstance(value, str) and len(value.encode()) <= 4096 and (told.type == "string" or value in told.values)
        )
    if told.type == "bool":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    number = _number(value)
    if number is None or abs(number) > 1_000_000_000_000 or (told.type == "int" and number % 1):
        return False
    digits = {"int": 0, "number": told.digits, "money": MINOR_DIGITS.get(told.currency, 2)}[told.type]
    if told.type == "money" and number.scaleb(digits) % 1:
        return False
    low, high = _number(told.min), _number(told.max)
    return (low is None or number >= low) and (high is None or number <= high)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
