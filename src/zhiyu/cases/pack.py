"""A report pack: what is handed to the police or a regulator, so that they can see that nothing in it was changed.

In: named contents. Out: a ZIP with them, `manifest.json` (the SHA-256 of each, whose case, who made it, what for) and `signature.json` (an
Ed25519 signature over the bytes of the manifest, and the public key). Whoever gets it needs no secret to verify it: the public key is
told by the lender on another way. The private key follows from the tenant's key, so none has to be kept.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zhiyu.base.errors import InputError

MANIFEST, SIGNATURE = "manifest.json", "signature.json"
FORMAT = "zhiyu report pack 1"
MAX_PACK_BYTES = 1 << 30
MAX_ENTRIES = 1_000
_encode = msgspec.json.Encoder(order="deterministic").encode


class Signer:
    """Signs for one tenant.

    >>> Signer(b"k" * 16).public == Signer(b"k" * 16).public
    True
    """

    def __init__(self, key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hmac.digest(key, b"zhiyu report pack", "sha256"))
        self.public = self._key.public_key().public_bytes_raw().hex()

    def pack(self, facts: Mapping[str, Any], contents: Mapping[str, bytes]) -> tuple[bytes, str]:
        """The ZIP, and the SHA-256 of its manifest. `facts`: tenant, case, by, at, purpose."""
        files = {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in contents.items()
        }
        manifest = msgspec.json.format(_encode({"format": FORMAT, **facts, "files": files}), indent=1)
        signature = {"algorithm": "Ed25519", "public_key": self.public, "signature": self._key.sign(manifest).hex()}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in [*contents.items(), (MANIFEST, manifest), (SIGNATURE, _encode(signature))]:
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
        return out.getvalue(), hashlib.sha256(manifest).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What a pack says of itself. `problems`: everything that is not as it was signed, (en, zh); empty when all is. `public`: the key that
    signed it, hex."""

    manifest: dict[str, Any]
    public: str
    problems: tuple[tuple[str, str], ...]


def verify(path: Path, expected: str = "") -> Verified:
    """Look whether a pack is what was signed. `expected`: the public key that the lender has told; without it any key will do. InputError
    for a file that is no pack."""
    try:
        if path.stat().st_size > MAX_PACK_BYTES:
            raise InputError(f"{path} is larger than 1 GiB", f"{path} 超过 1 GiB")
        with zipfile.ZipFile(path) as archive:
            return _verified(archive, expected.strip().lower())
    except OSError as wrong:
        raise InputError(f"{path} cannot be read: {wrong.strerror}", f"无法读取 {path}：{wrong.strerror}") from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        KeyError,
        ValueError,
        TypeError,
        msgspec.DecodeError,
        NotImplementedError,
    ):
        raise InputError(f"{path} is no report pack", f"{path} 不是报告包") from None


def _verified(archive: zipfile.ZipFile, expected: str) -> Verified:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES or sum(info.file_size for info in infos) > MAX_PACK_BYTES:
        raise ValueError("too much in it")
    data = archive.read(MANIFEST)
    manifest: dict[str, Any] = msgspec.json.decode(data, type=dict)
    signature = msgspec.json.decode(archive.read(SIGNATURE), type=dict[str, str])
    public, files = signature["public_key"], manifest["files"]
    problems: list[tuple[str, str]] = []
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature["signature"]), data)
    except InvalidSignature:
        problems.append(("the manifest is not what was signed", "清单与签名不符"))
    if expected and public != expected:
        problems.append(("it was signed with another key", "签名所用的公钥不同"))
    names = [info.filename for info in infos]
    for name in sorted({*names, *files} - {MANIFEST, SIGNATURE}):
        if name not in files:
            problems.append((f"'{name}' is not in the manifest", f"清单中没有“{name}”"))
        elif names.count(name) != 1:
            problems.append((f"'{name}' is missing, or there twice", f"“{name}”缺失或重复"))
        elif hashlib.sha256(archive.read(name)).hexdigest() != files[name]["sha256"]:
            problems.append((f"'{name}' was changed", f"“{name}”被改动"))
    return Verified(manifest, public, tuple(problems))
