"""A root for one test, and the real programs in it. HOLDFAST_BIN names the folder of the programs."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from typing import Any

CLIENT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CLIENT))


def program(name: str) -> str:
    path = pathlib.Path(os.environ["HOLDFAST_BIN"]) / name
    assert path.is_file(), f"{path} is missing; build all programs first: cargo build --workspace --bins"
    return str(path)


class Root:
    """A root in a temporary folder."""

    def __init__(self, case: unittest.TestCase | None = None) -> None:
        self._temp = tempfile.TemporaryDirectory()
        self.path = os.path.realpath(self._temp.name)
        os.mkdir(self.at("data"))
        if case is not None:
            case.addCleanup(self.remove)

    def remove(self) -> None:
        for folder in (self.path, self.at("data")):
            if os.path.isdir(folder) and not os.path.islink(folder):
                os.chmod(folder, 0o755)
        self._temp.cleanup()

    def at(self, relative: str) -> str:
        return os.path.join(self.path, relative)

    def put(self, relative: str, content: str | bytes) -> None:
        with open(self.at(relative), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def bytes(self, relative: str) -> bytes:
        with open(self.at(relative), "rb") as file:
            return file.read()

    def json(self, relative: str) -> Any:
        return json.loads(self.bytes(relative))

    def dated(self, relative: str, seconds: float) -> None:
        """Dates a file so many seconds after its folder was last changed: the same moment for each file of a state."""
        now = os.stat(self.at("data")).st_mtime_ns
        os.utime(self.at(relative), ns=(now, now + int(seconds * 1e9)))

    def run(self, name: str, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """One of our programs, with nothing of the caller's environment."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        return subprocess.run(
            [program(name), *args],
            cwd=self.path,
            env=environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def says(self, code: int, name: str, *args: str, stdin: str | None = None) -> str:
        """The same, which must end with this exit code."""
        ended = self.run(name, *args, stdin=stdin)
        assert ended.returncode == code, f"{name} {args}: {ended}\n{self.tree()}"
        return ended.stdout

    def python(self, script: str, *args: str) -> list[str]:
        """A command of Python that knows the client."""
        return [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(CLIENT)!r}); import holdfast\n{script}",
            *args,
        ]

    def tree(self) -> str:
        """Every file, for a failed test."""
        files = sorted(path for path in pathlib.Path(self.path).rglob("*") if path.is_file() and path.name != "reserve")
        return "\n".join(f"{path}: {path.read_bytes()[-2000:]!r}" for path in files)
