#!/usr/bin/env python3
"""One cycle of a trading pipeline, with the three habits of Holdfast wired in.

guard     it runs only while the circuit is green, and asks again before each order
beat      hb-write records its begin, its end, and how it ended
decision  each is a line of memory/decisions.jsonl, appended in one write before it is acted on

However it is started, it puts itself behind guard and hb-write.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

BIN = Path(@BIN@)
ROOT = Path(os.environ.get("HOLDFAST_ROOT") or @ROOT@)
NAME = "pipeline"  # its heartbeat is data/heartbeats/pipeline.json


def guarded() -> None:
    """Becomes a guarded cycle with a heartbeat, if it is none yet."""
    if "HOLDFAST_MODE" in os.environ:
        return
    guard = [BIN / "circuit-ctl", "guard", "--root", ROOT, "--"]
    beat = [BIN / "hb-write", "exec", "--root", ROOT, "--name", NAME, "--"]
    command = [str(word) for word in [*guard, *beat, sys.executable, Path(__file__).resolve()]]
    if os.name == "nt":  # a process cannot become another one there
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def may_trade() -> bool:
    """Asks the circuit. Every answer but 0 is a stop."""
    check = [str(BIN / "circuit-ctl"), "check", "--root", str(ROOT)]
    return subprocess.run(check, stdout=subprocess.DEVNULL, check=False).returncode == 0


def decide(act: str, **facts: object) -> str:
    """Keeps a decision, durably and whole, and returns its id."""
    name = str(uuid.uuid4())
    line = json.dumps({"id": name, "at": time.time(), "act": act, **facts}).encode() + b"\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    log = os.open(ROOT / "memory" / "decisions.jsonl", flags, 0o640)
    try:
        if os.write(log, line) != len(line):
            raise OSError("the decision was not written whole: is the disk full?")
        os.fsync(log)
    finally:
        os.close(log)
    return name


def cycle() -> None:
    """Your work: look at the market, and decide. Until then it holds."""
    wanted = None
    if wanted is None:
        decide("hold", why="a starter has no opinion")
        return
    order = decide("buy", what=wanted)
    if not may_trade():
        decide("skip", order=order, why="trading is paused")
        return
    # Send it here, with the id of the decision as that of the order: sent twice, it is one order.


if __name__ == "__main__":
    guarded()
    cycle()
