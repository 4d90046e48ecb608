"""Places: latitude and longitude in degrees, kept to a millionth (0.1 m), packed into one integer.

In: two numbers [lat, lon], {"lat": …, "lon": …} (also "lng", "latitude", "longitude"), or a text "lat,lon"; from a
file, two columns. Out: latitude × 10**6 in the high 32 bits, longitude × 10**6 in the low 32, both signed. Half a
place is refused.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, Numbers
from zhiyu.events.refusals import Bad, quote, wrong_type
from zhiyu.expressions.types import Kind, Type

MICRO = 1_000_000
_PLAIN = r"^-?[0-9]{1,3}(\.[0-9]{1,15})?,-?[0-9]{1,3}(\.[0-9]{1,15})?$"
_LAT, _LON = ("lat", "latitude"), ("lon", "lng", "longitude")


def pack(lat_micro: int, lon_micro: int) -> int:
    """One signed 64-bit integer from two signed 32-bit ones.

    >>> unpack(pack(-1, 179_999_999))
    (-1, 179999999)
    """
    return (lat_micro << 32) | (lon_micro & 0xFFFFFFFF)


def unpack(place: int) -> tuple[int, int]:
    """Latitude and longitude in millionths of a degree."""
    low = place & 0xFFFFFFFF
    return place >> 32, low - (1 << 32) if low >> 31 else low


class Geo:
    """Reader of `geo` fields."""

    def __init__(self, declared: Field) -> None:
        self.type = Type(Kind.GEO, nullable=not declared.required)

    def one(self, value: object, notes: Notes) -> int | None:
        """The packed place of one raw value."""
        pair = _pair(value)
        if pair is None:
            return None
        return pack(_degrees(pair[0], 90, "latitude", "纬度"), _degrees(pair[1], 180, "longitude", "经度"))

    def many(self, column: pa.Array) -> Numbers | None:
        """A column of texts "lat,lon" in plain decimals; see `many_pair` for two columns."""
        if not pa.types.is_string(column.type):
            return None
        sure = pc.fill_null(pc.match_substring_regex(column, _PLAIN), False)
        parts = pc.split_pattern(pc.if_else(sure, column, pa.scalar("0,0")), ",")
        found = self.many_pair(*(pc.list_element(parts, i).cast(pa.float64()) for i in (0, 1)))
        assert found is not None
        null = column.is_null().to_numpy(zero_copy_only=False)
        unsure = ~sure.to_numpy(zero_copy_only=False)
        return Numbers(np.where(null, 0, found.values), null, (found.hard | unsure) & ~null)

    def many_pair(self, lat: pa.Array, lon: pa.Array) -> Numbers | None:
        """The fast path over two float64 or int64 columns."""
        for column in (lat, lon):
            if not (pa.types.is_float64(column.type) or pa.types.is_int64(column.type)):
                return None
        lat_null, lon_null = (c.is_null().to_numpy(zero_copy_only=False) for c in (lat, lon))
        null = lat_null & lon_null
        a, b = (c.cast(pa.float64(), safe=False).fill_null(0.0).to_numpy(zero_copy_only=False) for c in (lat, lon))
        hard = ~((np.abs(a) <= 90.0) & (np.abs(b) <= 180.0)) | (lat_null != lon_null)
        with np.errstate(all="ignore"):
            high = np.rint(np.where(hard, 0.0, a) * MICRO).astype(np.int64)
            low = np.rint(np.where(hard, 0.0, b) * MICRO).astype(np.int64)
        packed = (high << 32) | (low & 0xFFFFFFFF)
        return Numbers(np.where(hard | null, 0, packed), null, hard & ~null)


def _pair(value: object) -> tuple[object, object] | None:
    if isinstance(value, str):
        if not value.strip():
            return None
        parts = value.split(",")
        value = [_number(p, value) for p in parts] if len(parts) == 2 else parts
    if isinstance(value, dict):
        found = [next((value[k] for k in keys if value.get(k) is not None), None) for keys in (_LAT, _LON)]
        value = found
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise wrong_type(value, "a place; send [latitude, longitude]", "位置；请传 [纬度, 经度]")
    lat, lon = (v if not isinstance(v, str) else _number(v, v) for v in value)
    if lat is None and lon is None:
        return None
    if lat is None or lon is None:
        raise Bad(
            "half_place",
            "has only one of latitude and longitude; send both or neither",
            "纬度和经度只有其一；请同时传或都不传",
        )
    return lat, lon


def _number(text: str, whole: str) -> float | None:
    try:
        return float(text.replace("_", "x")) if text.strip() else None
    except ValueError:
        raise wrong_type(whole, "a place; send [latitude, longitude]", "位置；请传 [纬度, 经度]") from None


def _degrees(value: object, limit: int, en: str, zh: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(value, f"a {en} in degrees", f"{zh}（度）")
    if not -limit <= value <= limit:
        code = "out_of_range" if isinstance(value, int) or math.isfinite(value) else "not_finite"
        raise Bad(
            code, f"{en} {quote(value)} is outside -{limit} … {limit}", f"{zh} {quote(value)} 超出 -{limit} … {limit}"
        )
    return round(float(value) * MICRO)
