"""A model of one's own, run by ONNX Runtime, as a service that a policy asks: whatever ONNX can say, within the declared budget.

In: an ONNX file, the service as the policy declares it. Out: an ASGI app that answers `{"score": 0.93}`. It stands beside the server like
any service outside: a call has a timeout and a fallback, and its answer is an event of the log. So a replay never runs the model, and comes
to the same bits; what a runtime of another version or machine would have said does not matter.

One row is scored at a time by one thread, so that the same question gets the same answer on one machine. Needs the extra `onnx`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_MODEL_BYTES
from zhiyu.outside.stand_in import whole_body
from zhiyu.policy.declare_services import Service

Message = dict[str, Any]
DIGITS = 6
"""After the point of a score: what a field of an answer keeps."""
KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
_encode = msgspec.json.Encoder(order="sorted").encode


class OnnxModel:
    """One loaded model. `inputs`: the names of its columns, in their order."""

    def __init__(self, content: bytes, inputs: Sequence[str]) -> None:
        """InputError when the extra is absent, or the model does not read one row of so many numbers and say one score."""
        if len(content) > MAX_MODEL_BYTES:
            raise InputError(
                f"{len(content)} bytes; at most {MAX_MODEL_BYTES}", f"{len(content)} 字节，上限 {MAX_MODEL_BYTES}"
            )
        self.inputs = tuple(inputs)
        self._session = _session(content)
        given = self._session.get_inputs()
        self._type = KINDS.get(given[0].type) if len(given) == 1 else None
        if self._type is None:
            told = ", ".join(f"{each.name} {each.type}" for each in given)
            raise _unfit(f"it reads {told}; one matrix of numbers is needed", f"其输入为 {told}；需要一个数值矩阵")
        self._name, width = given[0].name, given[0].shape[-1] if given[0].shape else None
        if isinstance(width, int) and width != len(self.inputs):
            raise _unfit(
                f"it reads {width} columns, the service sends {len(self.inputs)}",
                f"模型有 {width} 列，服务发送 {len(self.inputs)} 个",
            )
        self._output = self._chosen()

    def score(self, values: Mapping[str, Any]) -> float:
        """The score of one row; what is missing or null is NaN. ValueError for what is no number."""
        row = np.array([[_number(name, values.get(name)) for name in self.inputs]])
        if self._type is np.int64 and np.isnan(row).any():
            raise ValueError("the model reads whole numbers, and one is missing")
        found = self._session.run([self._output], {self._name: row.astype(self._type)})[0]
        return round(_positive(found), DIGITS)

    def _chosen(self) -> str:
        """The output that says the score: the last of floating numbers."""
        floats = [each.name for each in self._session.get_outputs() if "float" in each.type or "double" in each.type]
        if not floats:
            raise _unfit("none of its outputs is a number", "没有数值输出")
        self._output = str(floats[-1])
        try:
            self.score(dict.fromkeys(self.inputs, 0))
        except ValueError as wrong:
            raise _unfit(str(wrong), str(wrong)) from None
        except Exception as wrong:  # the runtime has error types of its own, and no stubs
            said = str(wrong).splitlines()[0][:200]
            raise _unfit(f"it cannot score a row of zeros: {said}", f"无法对全零的一行打分：{said}") from None
        return self._output


def _session(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            "running ONNX models needs ONNX Runtime: pip install 'zhiyu[onnx]'; trees and linear models can be taken over without it: "
            "zhiyu models import",
            "运行 ONNX 模型需要 ONNX Runtime：pip install 'zhiyu[onnx]'；树与线性模型可用 zhiyu models import 转换，无需运行库",
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as wrong:  # the runtime has error types of its own, and no stubs
        said = str(wrong).splitlines()[0][:200]
        raise _unfit(f"the runtime does not take it: {said}", f"运行库无法载入：{said}") from None


def _unfit(en: str, zh: str) -> InputError:
    return InputError(f"the model cannot be run: {en}", f"无法运行该模型：{zh}")


def _number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"'{name}' is no number") from None
    if math.isinf(found):
        raise ValueError(f"'{name}' is not finite")
    return found


def _positive(found: Any) -> float:
    """The score of the positive class: a list of classes, a row of two, or one number."""
    if isinstance(found, list):  # ZipMap: one mapping of classes per row
        found = list(found[0].values()) if found and isinstance(found[0], dict) else found
    row = np.asarray(found, np.float64).reshape(-1)
    if len(row) not in (1, 2):
        raise ValueError(f"it says {len(row)} numbers about a row; one score, or two classes, are needed")
    score = float(row[-1])
    if not math.isfinite(score):
        raise ValueError("its score is not finite")
    return score


def columns_of(service: Service) -> tuple[str, ...]:
    """The columns of the model: what the service is sent, in the declared order. InputError when it is declared otherwise than a model can
    answer."""
    request, names = service.request, tuple(service.request.body)
    told = [each for each in service.answer.values() if each.at == "score" and each.type == "number"]
    if request.method != "POST" or request.query or request.constant or not names or any("." in name for name in names):
        raise InputError(
            f"service '{service.name}': declare `request: {{path: /{service.name}, body: {{column: field, …}}}}`, the columns in "
            "their order",
            f"服务“{service.name}”：请声明 request: {{path: /{service.name}, body: {{列: 字段, …}}}}，按列的顺序",
        )
    if not told:
        raise InputError(
            f"service '{service.name}': declare the score in its answer: `{{at: score, type: number, min: 0, max: 1, required: true}}`",
            f"服务“{service.name}”：请在 answer 中声明分数：{{at: score, type: number, min: 0, max: 1, required: true}}",
        )
    return names


class OnnxHost:
    """The app: `POST /PATH` with the columns by name."""

    def __init__(self, model: OnnxModel, path: str) -> None:
        self.model, self.path = model, path

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:  # fmt: skip
        """Answer one request."""
        assert scope["type"] == "http"
        status, content = self._answer(scope, await whole_body(receive))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Message, body: bytes | None) -> tuple[int, bytes]:
        if scope["path"] != self.path or scope["method"] != "POST" or body is None:
            return 404, _encode({"error": f"POST {self.path}"})
        try:
            asked = msgspec.json.decode(body, type=dict[str, Any])
            return 200, _encode({"score": self.model.score(asked)})
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as wrong:
            return 422, _encode({"error": str(wrong)})
