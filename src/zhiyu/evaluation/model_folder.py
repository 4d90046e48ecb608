"""A changed model matrix in a policy folder: the file that holds it is written anew.

In: the folder as loaded, the policy as it should be. Out: the file written, or nothing and an InputError. Only a file that holds nothing
but `matrix:` and `models:` is written, so the layout of nothing else changes; its comments stay.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from zhiyu.base.errors import InputError
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.load import Loaded, load_policy

OWNED = ("models", "matrix")
ROLES = ("champion", "challengers", "shadow", "by", "thresholds")
"""What changes of a cell; the rest of it is not touched."""


def write_matrix(folder: Path, loaded: Loaded, wanted: Policy, packages: dict[str, bytes] | None = None) -> Path:
    """Let the folder declare `wanted`, which differs from what was loaded in models and matrix only. `packages`: content of the files of
    new models, by name. DeclarationError when the policy would not pass its checks. Returns the file that was written."""
    check_policy(wanted).require()
    path = _owner(folder, loaded)
    before = path.read_bytes()
    yaml = YAML()
    yaml.width = 140
    content = yaml.load(before)
    for cell in wanted.matrix:
        _take_roles(next(each for each in content["matrix"] if str(each["name"]) == cell.name), cell)
    new = {f"{name}.json": package for name, package in (packages or {}).items()}
    for name in new:
        if (folder / name).exists():
            raise InputError(f"{folder / name} is there already", f"{folder / name} 已存在")
    _take_models(path, content, loaded.policy, wanted)
    made = [folder / name for name in new]
    try:
        for name, package in new.items():
            (folder / name).write_bytes(package)
        text = io.BytesIO()
        yaml.dump(content, text)
        _put(path, text.getvalue())
        if artifact_of(load_policy(folder).policy).hash != artifact_of(wanted).hash:
            raise InputError(
                f"{path}: the written file does not say what was meant; nothing was changed",
                f"{path}：写出的文件与预期不符；未做修改",
            )
    except BaseException:
        _put(path, before)
        for each in made:
            each.unlink(missing_ok=True)
        raise
    return path


def _owner(folder: Path, loaded: Loaded) -> Path:
    """The one file with the matrix; InputError when it holds anything else."""
    files = {Path(loaded.places.at(("matrix", number)).file).name for number in range(len(loaded.policy.matrix))}
    if not files:
        raise InputError(f"the policy in {folder} has no `matrix:`", f"{folder} 中的策略没有 matrix")
    path = folder / sorted(files)[0]
    others = sorted(set(YAML().load(path.read_bytes())) - set(OWNED)) if len(files) == 1 else sorted(files)
    if others:
        raise InputError(
            f"{path} holds the matrix beside other things ({', '.join(others)}); move `matrix:` into a file of its own, e.g. matrix.yaml",
            f"{path} 中除 matrix 外还有其他内容（{'、'.join(others)}）；请将 matrix 移到单独的文件，例如 matrix.yaml",
        )
    return path


def _take_models(path: Path, content: dict[str, Any], old: Policy, new: Policy) -> None:
    """Declarations of models that came or went."""
    known, wanted = {each.name for each in old.models}, {each.name for each in new.models}
    own = content.get("models") or []
    for name in known - wanted:
        if name not in [each["name"] for each in own]:
            raise InputError(
                f"model '{name}' is declared in another file than {path.name}; take it out there",
                f"模型“{name}”未在 {path.name} 中声明；请在其所在文件中删除",
            )
    own = [each for each in own if each["name"] in wanted]
    own += [{"name": each.name, "file": f"{each.name}.json"} for each in new.models if each.name not in known]
    if own:
        content["models"] = own
    else:
        content.pop("models", None)


def _take_roles(written: Any, cell: MatrixCell) -> None:
    """Bring one cell up to date, key by key."""
    plain: dict[str, Any] = msgspec.to_builtins(cell)
    for key in ROLES:
        value = plain.get(key)
        if not value:
            written.pop(key, None)
        elif key not in written or msgspec.convert(written[key], type(value)) != value:
            written[key] = value


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
