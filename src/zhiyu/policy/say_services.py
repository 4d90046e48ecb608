"""Services in words: what an answer costs, how long it may take, what is sent and what is told; and what a decision may cost.

In: a checked policy. Out: one text per service; one line per flow that asks some.
"""

from __future__ import annotations

from zhiyu.base.money import say_money
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.types import DURATION
from zhiyu.expressions.wording import say_value
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare_services import Service
from zhiyu.policy.say import labels_of, pick
from zhiyu.policy.say_decisions import on_words
from zhiyu.policy.spend import MostSpent, budget_ms, most_spent, price_of


def say_services(checked: Checked, language: str) -> list[str]:
    """Every service, in the order of the policy."""
    return [_service(checked, service, language) for service in checked.declared.services]


def _service(checked: Checked, service: Service, language: str) -> str:
    labels = labels_of(checked)
    at = 1 if language == "zh" else 0
    name = pick(service.en, service.zh, language) or service.name
    price, took = say_money(price_of(service), service.currency), _span(budget_ms(service), language)
    pause = _span(parse_duration_ms(service.breaker.pause), language)
    sent = [*service.request.query.values(), *service.request.body.values()]
    told = [pick(each.en, each.zh, language) or key for key, each in service.answer.items()]
    send, tell = [labels.get(each, (each, each))[at] for each in dict.fromkeys(sent)], told
    if language == "zh":
        every = "每次尝试" if service.charged == "always" else "每个回应"
        cache = f"，同一问题 {_span(parse_duration_ms(service.cache), language)}内沿用" if service.cache else ""
        return (
            f"外部服务“{name}”：{every} {price}，最长 {took}{cache}；发送{'、'.join(send) or '固定内容'}，取回{'、'.join(tell)}；"
            f"连续失败 {service.breaker.failures} 次后暂停 {pause}。"
        )
    every = "an attempt" if service.charged == "always" else "an answer"
    cache = f", used again for {_span(parse_duration_ms(service.cache), language)}" if service.cache else ""
    return (
        f"Service '{name}': {price} {every}, at most {took}{cache}; it is sent {', '.join(send) or 'fixed values'} "
        f"and tells {', '.join(tell)}; after {service.breaker.failures} failures in a row it is left alone for {pause}."
    )


def say_spend(checked: Checked, language: str) -> list[str]:
    """What one decision of each flow can cost at most, and how long its calls may take."""
    return [_spend(checked, each, language) for each in most_spent(checked.declared)]


def _spend(checked: Checked, most: MostSpent, language: str) -> str:
    on, took = on_words(checked, most.on, language), _span(most.ms, language)
    money = " + ".join(say_money(amount, currency) for currency, amount in most.money.items()) or "0"
    services = ("、" if language == "zh" else ", ").join(most.services)
    if language == "zh":
        return f"{on}：每个决策的外部查询至多 {money}（{services}），最长 {took}"
    return f"{on}: services cost a decision at most {money} ({services}), and may take {took}"


def _span(ms: int, language: str) -> str:
    return say_value(ms, DURATION, language)
