"""Authenticated encryption of small things: AES-256-GCM, or SM4-GCM where the lender has to use the national cipher.

In: a key, plain bytes, what they are about. Out: nonce, ciphertext and tag in one piece; and the plain bytes again, or `Tampered`. What it
is about is not in the piece, but it opens with the same words only: a value put in another one's place does not open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as _Cipher
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from zhiyu.base.errors import ZhiyuError

NONCE_BYTES, TAG_BYTES = 12, 16
DEFAULT = "aes-256-gcm"


class Tampered(ZhiyuError):
    """It was changed, is about something else, or was sealed under another key."""

    code = "tampered"
    status = 500


class Cipher(Protocol):
    """One way to seal."""

    key_bytes: int

    def seal(self, key: bytes, plain: bytes, about: bytes) -> bytes:
        """Nonce, ciphertext, tag."""

    def open(self, key: bytes, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. Tampered."""


class Aes:
    """AES-256 in Galois/Counter mode (NIST SP 800-38D), a fresh random nonce each time."""

    key_bytes = 32

    def seal(self, key: bytes, plain: bytes, about: bytes) -> bytes:
        """Nonce, ciphertext, tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, about)

    def open(self, key: bytes, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. Tampered."""
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            raise _tampered() from None


class Sm4:
    """SM4 (GB/T 32907) in Galois/Counter mode (RFC 8998)."""

    key_bytes = 16

    def seal(self, key: bytes, plain: bytes, about: bytes) -> bytes:
        """Nonce, ciphertext, tag."""
        nonce = os.urandom(NONCE_BYTES)
        seals = _Cipher(SM4(key), modes.GCM(nonce)).encryptor()
        seals.authenticate_additional_data(about)
        return nonce + seals.update(plain) + seals.finalize() + seals.tag

    def open(self, key: bytes, sealed: bytes, about: bytes) -> bytes:
        """What was sealed. Tampered."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise _tampered()
        opens = _Cipher(SM4(key), modes.GCM(sealed[:NONCE_BYTES], sealed[-TAG_BYTES:])).decryptor()
        opens.authenticate_additional_data(about)
        try:
            return opens.update(sealed[NONCE_BYTES:-TAG_BYTES]) + opens.finalize()
        except InvalidTag:
            raise _tampered() from None


CIPHERS: Mapping[str, Cipher] = MappingProxyType({DEFAULT: Aes(), "sm4-gcm": Sm4()})
"""Every way to seal, by the name that is stored."""


def _tampered() -> Tampered:
    return Tampered(
        "what was sealed does not open: it was changed, moved, or sealed under another key",
        "密文无法解开：内容被改动、被挪用，或使用了其他密钥",
    )
