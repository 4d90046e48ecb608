"""Every number the lender is made of, frozen under one version.

In: nothing. Out: constants; `Wanted`, what a user may choose; `hiding`, how well frauds hide at a difficulty.
Shapes are given as equally likely quantiles: no library's random distributions, no exponentials, the same on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.errors import InputError

VERSIONS = ("lender/2", "lender/3")
"""Generators that can still be asked for. 3: cash-out shops are rings with phones and an account of their own, agencies let their clients
give one address, and everybody logs in before drawing or sending (in 2 a missing log-in gave some frauds away)."""
VERSION = VERSIONS[-1]
START_MS = 1_756_656_000_000
"""2025-09-01 00:00 at +08:00, a Monday."""
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
MAX_DAYS, MAX_CUSTOMERS, MAX_DIFFICULTY = 730, 2_000_000, 5
MAX_CELLS = 120_000_000
"""Days × customers at most: some 100 million events."""

HIDES = (0.0, 0.35, 0.55, 0.72, 0.88, 1.0)
"""By difficulty: the share of visible traits that a fraudster draws like an honest customer."""
CAMOUFLAGE = (0.0, 0.16, 0.32, 0.48, 0.64, 0.80)
"""By difficulty: the share of shared things (device, address, contact …) that a gang replaces with unshared ones."""
LEARNS_PER_WEEK = 0.02
"""Fraudsters adapt: how much more of both later campaigns have, per week."""

# code of GB/T 2260, latitude and longitude of the centre in millionths of a degree, weight
CITIES = (
    ("110000", 39904200, 116407400, 60), ("310000", 31230400, 121473700, 70), ("440100", 23129100, 113264400, 55), ("440300",
    22543100, 114057900, 60),
    ("510100", 30572800, 104066800, 50), ("500000", 29563000, 106551600, 48), ("330100", 30274100, 120155100, 40), ("420100",
    30592800, 114305500, 40),
    ("610100", 34341600, 108939800, 34), ("320500", 31298900, 120585300, 32), ("320100", 32060300, 118796900, 30), ("120000",
    39084200, 117200900, 28),
    ("410100", 34746600, 113625400, 34), ("430100", 28228200, 112938800, 30), ("441900", 23020700, 113751800, 32), ("370200",
    36067100, 120382600, 24),
    ("210100", 41805700, 123431500, 20), ("330200", 29868300, 121544000, 22), ("530100", 25038900, 102718300, 20), ("440600",
    23021500, 113121400, 24),
    ("340100", 31820600, 117227200, 22), ("210200", 38914000, 121614700, 16), ("350100", 26074500, 119296500, 18), ("350200",
    24479800, 118089400, 16),
    ("230100", 45803800, 126534900, 18), ("370100", 36651200, 117120100, 20), ("330300", 27994900, 120699400, 18), ("450100",
    22817000, 108366500, 18),
    ("220100", 43817100, 125323500, 14), ("350500", 24874100, 118675700, 18), ("520100", 26647000, 106630200, 14), ("360100",
    28682000, 115857900, 16),
    ("140100", 37870600, 112548900, 14), ("130100", 38042800, 114514900, 16), ("650100", 43825600, 87616800, 8), ("620100",
    36061100, 103834300, 9),
)  # fmt: skip

HOURS = (6, 3, 2, 1, 1, 2, 8, 20, 34, 44, 50, 50, 56, 48, 42, 42, 44, 46, 52, 62, 70, 66, 44, 18)
"""How much happens at each hour of the day (+08:00)."""
NIGHT_HOURS = (30, 30, 24, 16, 10, 4, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 6, 8, 12, 18, 26, 30)
WEEKDAYS = (100, 98, 98, 100, 106, 116, 108)
HOUSEHOLDS = (35, 27, 18, 14, 6)
"""Weights of 1, 2, … people."""

AGES = (18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 34, 36, 38, 41, 45, 50, 57, 68)
INCOMES = (
    1500,
    2600,
    3200,
    3800,
    4300,
    4800,
    5300,
    5800,
    6400,
    7000,
    7700,
    8500,
    9400,
    10500,
    12000,
    14000,
    17000,
    22000,
    36000,
)
LIMIT_TIMES = (0.6, 0.9, 1.2, 1.5, 1.9, 2.4, 3.0, 3.8, 5.0)
"""Credit limit in monthly incomes."""
SIZES = (0.15, 0.3, 0.42, 0.53, 0.63, 0.74, 0.86, 1.0, 1.16, 1.36, 1.62, 2.0, 2.6, 3.7, 7.0, 18.0)
"""Payments as multiples of the customer's usual one."""
USUAL_PAYMENTS = (12, 18, 24, 30, 36, 43, 51, 60, 72, 88, 110, 145, 220, 420)
DRAW_SHARES = (0.02, 0.06, 0.1, 0.15, 0.2, 0.26, 0.33, 0.41, 0.5, 0.62, 0.8, 1.0, 1.0, 1.0)
"""Of what may still be drawn."""
AVAILABLE = (0.05, 0.2, 0.35, 0.5, 0.62, 0.74, 0.86, 1.0, 1.0)
SECONDS = (6, 11, 17, 24, 33, 44, 58, 78, 108, 160, 300)
"""Length of a session or form."""
SIMILARITY = (0.62, 0.8, 0.86, 0.9, 0.92, 0.935, 0.948, 0.958, 0.967, 0.976, 0.985, 0.996)
BUREAU = (410, 470, 510, 540, 563, 583, 600, 616, 632, 650, 672, 700, 760)
DEBTS = (0, 0, 0, 0.5, 1.2, 2.0, 3.0, 4.5, 7.0, 12.0, 24.0, 36.0)
"""Debt elsewhere in monthly incomes."""
LENDERS = (0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 6, 9, 16)
TERMS = (3, 6, 9, 12, 18, 24, 36)
TERM_WEIGHTS = (10, 18, 8, 40, 6, 14, 4)
RATES = (72_000, 96_000, 120_000, 144_000, 168_000, 180_000, 216_000, 236_000)
"""Rate per year in millionths."""

RAISES = (1.1, 1.2, 1.35, 1.5, 1.7, 2.0, 3.2)
"""Limits people ask for, as multiples of the one they have."""
POPULAR_PAYEES = 400
"""Landlords, schools, doctors: accounts that many honest customers send money to."""
NEW_SHARE = 0.4
"""Of all customers: those who register while we look."""
DECLINE_BELOW = 515
"""The lender's old rule: a bureau score below this is declined, and one in twelve others."""
SWITCHES_DEVICE = 0.10
SHARED_GROUP_SHARE = 0.06
SHOP_SHARE = 0.05
TRAVELLER_SHARE = 0.06
SON_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make. The defaults give about half a million events.

    >>> Wanted(days=3, customers=100).check().seed
    7
    """

    days: int = 30
    customers: int = 20_000
    seed: int = 7
    difficulty: int = 3
    version: str = VERSION

    @property
    def has_rings(self) -> bool:
        """Whether it is lender/3 or later."""
        return VERSIONS.index(self.version) >= 1

    def check(self) -> Wanted:
        """The same; InputError when a number is out of range."""
        limits = (
            ("days", self.days, 2, MAX_DAYS),
            ("customers", self.customers, 100, MAX_CUSTOMERS),
            ("difficulty", self.difficulty, 0, MAX_DIFFICULTY),
        )
        for name, value, least, most in limits:
            if not least <= value <= most:
                raise InputError(
                    f"{name} is {value}; it can be {least} to {most}", f"{name} 为 {value}，应在 {least} 到 {most} 之间"
                )
        if self.version not in VERSIONS:
            known = ", ".join(VERSIONS)
            raise InputError(
                f"there is no generator '{self.version}'; there are {known}",
                f"没有生成器“{self.version}”；可用：{known}",
            )
        if self.days * self.customers > MAX_CELLS:
            en = f"{self.days} days of {self.customers:,} customers; days × customers can be {MAX_CELLS:,}: fewer of either"
            raise InputError(en, f"{self.days} 天 × {self.customers:,} 名客户，乘积上限 {MAX_CELLS:,}：请减少其一")
        return self


def season(day: int) -> float:
    """How busy a day is, 1 on a usual Monday: weekends, paydays, the sales of November, the weeks before the Spring Festival.

    >>> season(0), season(5) > season(0), season(71) > season(64)
    (1.0, True, True)
    """
    weight = WEEKDAYS[day % 7]
    of_year = (day + 243) % 365  # 0 is the first of January
    of_month = (day % 365) % 30
    weight += 10 if 9 <= of_month <= 15 else 0
    weight += 25 if 309 <= of_year <= 315 else 0
    weight += 18 if 12 <= of_year <= 40 else 0
    return weight / 100
