"""Passwords: what one must be, and what is stored of it.

In: a password. Out: argon2id in its own text form (64 MiB, 3 rounds: RFC 9106's second choice), or whether it is the one. Costs a
quarter of a second of a core on purpose: call it beside the event loop.
"""

from __future__ import annotations

import argon2

from zhiyu.base.errors import InputError

MIN_CHARS, MAX_CHARS = 12, 128
"""Length of a password, in characters."""
_MIN_DIFFERENT = 6
_hasher = argon2.PasswordHasher()
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$" + "A" * 22 + "$" + "A" * 43
"""A stored form that no password has; checking it takes as long as any other."""


def check_password(password: str, name: str) -> None:
    """InputError, in words, when this cannot be somebody's password."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise InputError(
            f"a password has {MIN_CHARS} to {MAX_CHARS} characters; a sentence is easy to keep",
            f"密码应有 {MIN_CHARS} 至 {MAX_CHARS} 个字符；一句话最容易记住",
        )
    if len(set(password)) < _MIN_DIFFERENT or name.casefold() in password.casefold():
        raise InputError(
            f"this password is too easily guessed: use at least {_MIN_DIFFERENT} different characters, and not the name",
            f"密码过于简单：至少使用 {_MIN_DIFFERENT} 种字符，且不含用户名",
        )


def stored_form(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(_bytes(password))


def proves(password: str, stored: str | None) -> bool:
    """Whether this is the password; takes equally long when there is nobody (None)."""
    try:
        return _hasher.verify(stored or _NOBODY, _bytes(password[: MAX_CHARS + 1])) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
