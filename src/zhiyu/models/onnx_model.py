"""A model of one's own in ONNX becomes a package: tree ensembles and linear models, as the usual converters write them.

In: bytes of an ONNX file, the inputs in the order of its columns. Out: `Package`. Nothing is executed: the graph is read, and what would
score differently is refused with what to do. The positive class of two is fraud. Needs the extra `onnx`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_MODEL_BYTES
from zhiyu.models.onnx_trees import Ensemble, classifier, regressor, unfit
from zhiyu.models.package import Additive, Calibration, Input, Package, Term

BEFORE, AFTER = ("Cast", "Identity", "Scaler"), ("Cast", "Identity", "ZipMap", "Normalizer", "Reshape", "Flatten")
TREES, LINEAR = ("TreeEnsembleRegressor", "TreeEnsembleClassifier"), ("LinearRegressor", "LinearClassifier")
PLAIN = Calibration(kind="isotonic", x=(0.0, 1.0), y=(0.0, 1.0))
"""The model's output is the score itself: between 0 and 1 unchanged to the bit, outside cut off."""
FLOAT, DOUBLE = 1, 11


def package_of(content: bytes, name: str, inputs: Sequence[Input], odds: bool = False) -> Package:
    """The model as a package. `odds`: a plain sum is log-odds, not the score. InputError for what cannot be taken over."""
    graph = _graph(content)
    for each in inputs:
        if each.kind == "string":
            raise unfit(
                f"'{each.name}' is a text; ONNX models read numbers", f"“{each.name}”是文本；ONNX 模型只读取数值"
            )
    before, model, narrow = _nodes(graph)
    attributes = _attributes(model)
    if model.op_type in TREES:
        if before:
            raise unfit(
                "values are scaled before its trees; leave the scaling out, trees do not need it",
                "树模型前有缩放；请去掉，树不需要",
            )
        found = (classifier if model.op_type == TREES[1] else regressor)(attributes, narrow)
        _require_columns(graph, max(found.trees.feature, default=-1) + 1, len(inputs))
        return Package(
            name=name, kind="trees", inputs=tuple(inputs), trees=found.trees, calibration=_calibration(found, odds)
        )
    additive, says = _linear(attributes, model.op_type, before, len(inputs))
    _require_columns(graph, len(additive.terms), len(inputs))
    calibration = Calibration() if says == "odds" or odds else PLAIN
    return Package(name=name, kind="logistic", inputs=tuple(inputs), additive=additive, calibration=calibration)


def _calibration(found: Ensemble, odds: bool) -> Calibration:
    return Calibration() if found.says == "odds" or odds else PLAIN


def _graph(content: bytes) -> Any:
    try:
        import onnx
    except ImportError:
        raise InputError(
            "reading ONNX models needs the package onnx: pip install 'zhiyu[onnx]'",
            "读取 ONNX 模型需要 onnx：pip install 'zhiyu[onnx]'",
        ) from None
    if len(content) > MAX_MODEL_BYTES:
        raise unfit(f"{len(content)} bytes; at most {MAX_MODEL_BYTES}", f"{len(content)} 字节，上限 {MAX_MODEL_BYTES}")
    try:
        graph = onnx.load_model_from_string(content).graph
    except Exception as wrong:  # protobuf has an error type of its own, and no stubs
        raise unfit(f"it cannot be read ({wrong})", f"无法读取（{wrong}）") from None
    if not graph.node:
        raise unfit("it is empty", "内容为空")
    return graph


def _nodes(graph: Any) -> tuple[list[dict[str, Any]], Any, bool]:
    """(attributes of scalers, the model's node, whether the input is of 32 bits); only chains of known nodes are read."""
    models = [node for node in graph.node if node.op_type in TREES + LINEAR]
    if len(models) != 1:
        known = sorted({node.op_type for node in graph.node})
        raise unfit(
            f"it has {len(models)} tree ensembles or linear models, not one (it is made of {', '.join(known)})",
            f"其中有 {len(models)} 个树集成或线性模型，应恰好一个（由 {'、'.join(known)} 组成）",
        )
    at = list(graph.node).index(models[0])
    for number, node in enumerate(graph.node):
        known_ops = BEFORE if number < at else AFTER
        if number != at and node.op_type not in known_ops:
            raise unfit(
                f"'{node.op_type}' {'before' if number < at else 'after'} the model is not known",
                f"模型{'之前' if number < at else '之后'}的“{node.op_type}”不受支持",
            )
    given = [each for each in graph.input if each.name not in {made.name for made in graph.initializer}]
    if len(given) != 1 or given[0].type.tensor_type.elem_type not in (FLOAT, DOUBLE):
        raise unfit("its input is not one table of numbers", "输入不是一个数值表")
    scalers = [_attributes(node) for node in graph.node if node.op_type == "Scaler"]
    return scalers, models[0], given[0].type.tensor_type.elem_type == FLOAT


def _attributes(node: Any) -> dict[str, Any]:
    """Attributes as Python values; texts decoded, double tensors as numbers."""
    import onnx

    found: dict[str, Any] = {}
    for each in node.attribute:
        value = onnx.helper.get_attribute_value(each)
        if isinstance(value, onnx.TensorProto):
            value = onnx.numpy_helper.to_array(value).tolist()
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, list) and value and isinstance(value[0], bytes):
            value = [text.decode() for text in value]
        found[each.name.removesuffix("_as_tensor")] = value
    return found


def _require_columns(graph: Any, needed: int, given: int) -> None:
    inner = {made.name for made in graph.initializer}
    shape = next(each for each in graph.input if each.name not in inner).type.tensor_type.shape
    wide = shape.dim[1].dim_value if len(shape.dim) == 2 and shape.dim[1].dim_value else needed
    if given != wide or given < needed:
        raise unfit(
            f"it reads {wide} columns, and {given} inputs are named; name them in its order",
            f"它读取 {wide} 列，却给出 {given} 个输入；请按其顺序给出",
        )


def _linear(attributes: dict[str, Any], kind: str, scalers: list[dict[str, Any]], inputs: int) -> tuple[Additive, str]:
    """Terms of a linear model; scaling before it becomes part of them. A null counts as its centre."""
    weights, base = list(attributes["coefficients"]), list(attributes.get("intercepts", ())) or [0.0]
    post = attributes.get("post_transform", "NONE")
    if kind == "LinearClassifier" and len(weights) == 2 * inputs:  # one row per class, the second is fraud
        if post == "SOFTMAX":
            weights = [b - a for a, b in zip(weights[:inputs], weights[inputs:])]
            base, post = [base[1] - base[0]] if len(base) == 2 else [0.0], "LOGISTIC"
        else:
            weights, base = weights[inputs:], base[1:] or [0.0]
    if len(weights) != inputs or len(base) != 1 or post not in ("NONE", "LOGISTIC"):
        raise unfit(
            f"a linear model of {len(weights)} coefficients with {post}; one per input, NONE or LOGISTIC, are known",
            f"线性模型有 {len(weights)} 个系数、变换 {post}；应每个输入一个系数，变换为 NONE 或 LOGISTIC",
        )
    scale, offset = np.ones(inputs), np.zeros(inputs)
    for each in scalers:
        own_offset, own_scale = (
            np.broadcast_to(np.array(each.get(key, [start])), inputs)
            for key, start in (("offset", 0.0), ("scale", 1.0))
        )
        offset, scale = offset + own_offset / scale, scale * own_scale
    terms = tuple(Term(kind="line", weight=float(w * s), centre=float(o)) for w, s, o in zip(weights, scale, offset))
    return Additive(base=float(base[0]), terms=terms), "odds" if post == "LOGISTIC" else "plain"
