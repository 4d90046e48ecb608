"""The scope, labels and seen values that the golden files speak about."""

from __future__ import annotations

from zhiyu.expressions import EntitySet, NamedSet, Scope
from zhiyu.expressions.types import BOOL, DURATION, FLOAT, GEO, INT, STRING, TIME, Kind, Type

CNY = Type(Kind.FIXED, 2, "CNY")
SCOPE = Scope(
    {
        "amount": CNY,
        "amount_usd": Type(Kind.FIXED, 2, "USD"),
        "mean_amount_30d": Type(Kind.FLOAT, unit="CNY"),
        "std_amount_30d": Type(Kind.FLOAT, unit="CNY"),
        "payments_1h": INT,
        "age": Type(Kind.INT, minimum=0, maximum=150),
        "rate": Type(Kind.FIXED, 6),
        "score": FLOAT,
        "time": Type(Kind.TIME, nullable=False),
        "opened": TIME,
        "gap": DURATION,
        "country": Type(Kind.STRING, choices=("CN", "US", "HK")),
        "merchant": STRING,
        "last_merchant": STRING,
        "email": Type(Kind.STRING, personal=True),
        "id_number": Type(Kind.STRING, personal=True),
        "tags": Type(Kind.STRING, is_list=True),
        "here": GEO,
        "home": GEO,
        "vip": BOOL,
        "active": Type(Kind.BOOL, nullable=False),
    },
    {
        "bad_merchants": NamedSet("bad_merchants", STRING, ["a", "b"]),
        "blocked": NamedSet("blocked", Type(Kind.STRING, personal=True), ["x@y.cn"]),
        "odd_sizes": NamedSet("odd_sizes", INT, [3, 5]),
    },
    texts=frozenset({"country", "merchant", "email", "id_number", "tags"}),
    lists={
        "closed_merchants": EntitySet("closed_merchants", STRING),
        "leaked_emails": EntitySet("leaked_emails", Type(Kind.STRING, personal=True)),
        "test_amounts": EntitySet("test_amounts", CNY),
    },
)
LABELS = {
    "amount": ("amount", "金额"),
    "country": ("country", "国家"),
    "merchant": ("merchant", "商户"),
    "payments_1h": ("number of payments in one hour", "1 小时内支付次数"),
    "mean_amount_30d": ("mean amount of 30 days", "近 30 天平均金额"),
    "time": ("time of the payment", "支付时间"),
    "email": ("e-mail", "邮箱"),
    "vip": ("VIP mark", "VIP 标记"),
    "leaked_emails": ("leaked e-mails", "泄露邮箱"),
}
SEEN = {
    "amount": 62_000,
    "country": "US",
    "merchant": None,
    "payments_1h": 4,
    "mean_amount_30d": 118.5,
    "time": 1_700_000_000_000,
    "gap": 90_000,
    "vip": True,
    'after(email,"@")': "mail.cn",
    "here": (39.9042, 116.4074),
}
