"""A lender's server for stories about people: its systems send with a key, its people ask signed in, over HTTP and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tests.access.test_keys import with_key
from tests.server.vaulted import Vaulted
from zhiyu.access.gate import Gate
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

MARCH = 1_772_323_200_000
"""1 March 2026, UTC."""
DAY = 86_400_000
POLICY = """
name: cash
events:
- name: application
  money: amount
  fields:
    customer: {type: string, required: true, entity: customer}
    person_name: {type: string, personal: true, mask: name}
    id_number: {type: id_number, entity: person}
    phone: {type: phone, entity: phone}
    contact_phone: {type: phone, entity: phone}
    device: {type: string, entity: device, en: device, zh: 设备}
    amount: {type: money, required: true, min: 0}
network:
  person: customer
  window: 30d
  links: [{field: device}]
features:
- name: people_on_device_7d
  aggregate: distinct
  of: customer
  by: device
  over: 7d
  on: [application]
  en: people on the device in 7 days
  zh: 近 7 天使用该设备的人数
rule_sets:
- name: devices
  mode: first_hit
  rules:
  - name: crowded_device
    when: people_on_device_7d >= LIMIT
    outcome: decline
    reason: SHARED
    en: many people on one device
    zh: 一台设备多人申请
reasons:
- code: SHARED
  en: several people applied from one device
  zh: 多人使用同一设备申请
  consumer_en: we could not confirm your device
  consumer_zh: 无法确认您的设备
"""


def cash(limit: int) -> Opened:
    """The policy that declines from so many people on one device on; under the key that the command line takes without ZHIYU_KEY."""
    return open_policy(load_texts({"policy.yaml": POLICY.replace("LIMIT", str(limit)).encode()}))


class Online(Vaulted):
    """The server; `now_ms` is what its people's clocks say."""

    def __init__(self, folder: Path) -> None:
        header, _ = with_key(folder / "keys.json")
        super().__init__(folder, opened=cash(3), gate=Gate(folder / "keys.json"))
        self.folder, self._key, self._count = folder, header.decode(), 0

    def __enter__(self) -> Online:
        super().__enter__()
        return self

    def apply(self, day: int, customer: str, **more: Any) -> dict[str, Any]:
        """An application so many days into March."""
        self._count += 1
        self.now_ms = MARCH + day * DAY + self._count * 60_000
        record = {
            "type": "application",
            "id": f"app-{self._count}",
            "time": self.now_ms,
            "customer": customer,
            "amount": 9000,
            **more,
        }
        answer = self.anybody(authorization=self._key).post(
            "/v1/decisions", content=json.dumps(record, ensure_ascii=False)
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def told(answer: httpx.Response) -> dict[str, Any]:
    """What was answered, when it was answered well."""
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
