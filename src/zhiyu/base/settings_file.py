"""YAML files of the operator: queues, services, identity providers.

In: a path, the shape that is expected. Out: what stands there, in that shape; or an error that says what is wrong with the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from zhiyu.base.errors import InputError

T = TypeVar("T")
MAX_BYTES = 1 << 20


def read_settings(path: Path, shape: type[T]) -> T:
    """What the file says; one that says nothing is an empty mapping. InputError."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise InputError(f"{path} cannot be read: {wrong.strerror}", f"无法读取 {path}：{wrong.strerror}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES:,} bytes", f"{path} 超过 {MAX_BYTES:,} 字节")
    try:
        return msgspec.convert(YAML(typ="safe", pure=True).load(data) or {}, shape)
    except (YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        said = " ".join(str(wrong).split())[:200]
        raise InputError(f"{path} is no YAML: {said}", f"{path} 不是 YAML：{said}") from None
    except (msgspec.ValidationError, ValueError) as wrong:
        raise InputError(f"{path}: {wrong}", f"{path}：{wrong}") from None
