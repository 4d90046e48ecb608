"""`zhiyu models host`: a model of one's own that cannot be taken over, run by ONNX Runtime as a service that the policy asks.

In: an ONNX file, a policy that declares the service. Out: a server on loopback until Ctrl-C; the line for `zhiyu serve --services`.
"""

from __future__ import annotations

from pathlib import Path

import click

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.commands.stand_in import bound
from zhiyu.commands.terminal import language_of, language_option, require_server, told

_FILE = click.Path(path_type=Path)


@click.command("host")
@click.argument("model", type=_FILE)
@click.option("--policy", "-p", required=True, type=_FILE, help="The policy folder that declares the service.")
@click.option(
    "--service",
    "name",
    required=True,
    help="Which service of it the model is; its body names the columns in their order.",
)
@click.option("--port", default=8431, show_default=True, type=click.IntRange(0, 65_535), help="0 takes any free one.")
@click.option("--write", type=_FILE, default=None, help="Write the file for `zhiyu serve --services` here.")
@language_option
def host(model: Path, policy: Path, name: str, port: int, write: Path | None, lang: str | None) -> None:
    """Run MODEL, any ONNX file over one row of numbers, as a service outside.

    The policy asks it within its timeout and has its fallback, and what it said stands in the log, so a replay comes to the same
    without it. Trees and linear models are better taken over: zhiyu models import. Needs the extra `onnx`.
    """
    language = language_of(lang)
    with told(language):
        if not model.is_file():
            raise InputError(f"no model at '{model}'", f"没有模型“{model}”")
        require_server("uvicorn")
        import uvicorn

        from zhiyu.outside.onnx_host import OnnxHost, OnnxModel, columns_of
        from zhiyu.policy.load import load_policy

        services = {each.name: each for each in load_policy(policy).policy.services}
        if name not in services:
            hint = did_you_mean(name, services)
            raise InputError(
                f"the policy in {policy} declares no service '{name}'; {hint.en}".rstrip("; "),
                f"{policy} 中的策略没有声明服务“{name}”；{hint.zh}".rstrip("；"),
            )
        service = services[name]
        app = OnnxHost(OnnxModel(model.read_bytes(), columns_of(service)), service.request.path)
        listener = bound(port)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if write is not None:
            write.write_text(f"{name}: {{url: '{url}'}}\n", "utf-8")
        said = f"{name}：{model}，监听 {url}" if language == "zh" else f"{name}: {model} at {url}"
        click.echo(said, err=True)
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")).run(
            [listener]
        )
