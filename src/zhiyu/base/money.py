"""Money is an integer number of minor units (fen, cents); this page knows how many digits each currency has (ISO 4217)."""

MINOR_DIGITS = {
    "CNY": 2,
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "HKD": 2,
    "TWD": 2,
    "SGD": 2,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "VND": 0,
}
SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "¥"}


def say_money(minor: int, currency: str) -> str:
    """An amount for people, with thousands separators.

    >>> say_money(-123456, "CNY")
    '-¥1,234.56'
    """
    digits = MINOR_DIGITS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    symbol = SYMBOLS.get(currency, currency + " ")
    tail = f".{part:0{digits}d}" if digits else ""
    return f"{'-' if minor < 0 else ''}{symbol}{whole:,}{tail}"
