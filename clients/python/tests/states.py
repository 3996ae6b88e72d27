"""States of face, ledger and root, and what `circuit-ctl check` must say of them: those of the tests in Rust."""

from __future__ import annotations

import os
import socket
from typing import Callable, NamedTuple

from support import Root

PAUSED, REDUCE, NO_ROOT = 2, 3, 78
GREEN = '{"v":1,"paused":false,"trips":0}\n'
LINE = '{"v":1,"id":"20251121T080000Z-7f3a01","mode":"halt","reason":"r","by":"b","host":"h","since":1763712000}\n'
HOLD = '{"id":"20251121T080000Z-7f3a01","reason":"stale","by":"watchdog","host":"mini","since":1763712000}'
REDUCING = HOLD.replace('"reason"', '"mode":"reduce","reason"').replace("7f3a01", "7f3a02").replace("2000}", "1000}")


class State(NamedTuple):
    """A state, and the exit code that it must lead to."""

    name: str
    make: Callable[[Root], None]
    code: int


def face(content: str | bytes, code: int = PAUSED) -> State:
    shown = content[:60] if isinstance(content, str) else repr(content[:60])
    return State(f"face {shown}", lambda root: root.put("data/circuit.json", content), code)


DEEP = 100_000
BROKEN_FACES = [
    "", " \n\n", "\0" * 64, "x", "null", "[]", "false", '"paused"', "{", "{}", '{"paused":fal', "paused = false",
    "{'paused': false}", '{"paused": False}', '[{"paused":false}]', '{"v":1}', '{"Paused":false}',
    '{"paused":"no"}', '{"paused":0}', '{"paused":null}', '{"paused":[false]}', '{"paused":NaN}',
    '{"paused":false,"paused":false}', '{"paused":true,"\\u0070aused":false}', '{"paused":false,"x":{"a":1,"a":1}}',
    '{"paused":false,"x":[[{"a":1,"a":1}]]}', '{"paused":false} }', '{"paused":false}\n{"paused":false}',
    '{"paused":false,}', '{"paused":false} // ok', '{"paused":false}\0', '{"paused":false} x',
    "\ufeff\ufeff{\"paused\":false}", '{"paused":false}\ufeff', '\u00a0{"paused":false}', '\x0c{"paused":false}',
    '{"v":2,"paused":false}', '{"v":"1","paused":false}', '{"v":null,"paused":false}', '{"v":1.5,"paused":false}',
    '{"v":1.0,"paused":false}', '{"v":true,"paused":false}', '{"v":1e0,"paused":false}', '{"v":-1,"paused":false}',
    '{"paused":false,"mode":"slow"}', '{"paused":false,"mode":7}', '{"paused":true,"mode":"Halt"}',
    '{"paused":true,"mode":null}', '{"paused":true,"mode":["halt"]}', '{"paused":true,"mode":{}}',
    '{"paused":false,"trips":-1}', '{"paused":false,"trips":0.0}', '{"paused":false,"trips":0.5}',
    '{"paused":false,"trips":"0"}', '{"paused":false,"trips":null}', '{"paused":false,"trips":-0}',
    '{"paused":false,"trips":0e0}', '{"paused":false,"trips":1e3}', '{"paused":false,"trips":false}',
    '{"paused":false,"trips":18446744073709551616}', '{"paused":false,"trips":99999999999999999999}',
    '{"paused":false,"trips":%s}' % ("9" * 400), '{"paused":false,"trips":%s}' % ("9" * 5000),
    '{"paused":false,"trips":00}', '{"paused":false,"x":01}', '{"paused":false,"x":1.}', '{"paused":false,"x":.5}',
    '{"paused":false,"x":+1}', '{"paused":false,"x":1e999}', '{"paused":false,"x":-1e999}', '{"paused":false,"x":NaN}',
    '{"paused":false,"x":Infinity}', '{"paused":false,"x":-Infinity}', '{"paused":false,"x":"\t"}',
    '{"paused":false,"x":"\\x"}', '{"paused":false,"x":"\\ud800"}', '{"paused":false,"x":"\\udc00"}',
    '{"paused":false,"\\ud800":1}', '{"paused":false,"x":"\\ud800\\ud800"}', '{"paused":false,"x":["\\ud83d\\u0041"]}',
    '{"paused":false,"x":"\\u00"}', '{"paused":false,"x":"\u0661"}}',
    '{"paused":false,"holds":{}}', '{"paused":false,"holds":[1]}', '{"paused":false,"holds":[{}]}',
    '{"paused":false,"holds":null}', '{"paused":false,"holds":[{"id":" "}]}', '{"paused":false,"holds":[{"id":7}]}',
    '{"paused":false,"holds":[{"id":"a","mode":"x"}]}', '{"paused":true,"holds":[{"id":"a","mode":null}]}',
    '{"paused":false,"holds":[{"id":"%sx"}]}' % (" " * 1000),
    '{"paused":false,"x":%s1%s}' % ("[" * DEEP, "]" * DEEP),
    '{"paused":false,"x":%s1%s}' % ('{"a":' * DEEP, "}" * DEEP),
    '{"paused":false,"x":%s1%s}' % ("[" * 127, "]" * 127), '{"paused":false,"x":%s1%s}' % ('{"a":' * 500, "}" * 500),
    '{"paused":false,"x":"%s"}' % ("x" * (1 << 20)), '{"paused":true,"mode":"reduce","trips":9}',
]  # fmt: skip
PAUSED_FACES = [
    '{"paused":true}', '{"paused":true,"reason":"by an editor"}', '{"paused":true,"reason":7,"since":"x"}',
    '{"paused":true,"mode":"halt"}', '{"paused":true,"since":0}', '{"paused":true,"since":1763712000}',
    '{"paused":true,"mode":"reduce","holds":[{"id":"a"}]}', '{"paused":true,"holds":[%s]}' % HOLD,
    '{"paused":true,"mode":"reduce","holds":[%s,%s],"trips":0}' % (HOLD, REDUCING),
    '{"paused":true,"holds":[{"id":"a","reason":"one"},{"id":"b","reason":"two"}]}',
    '{"paused":true,"reason":"\\u001b[2J\\u202e"}', '{"paused":true,"reason":"gr\u00f6\u00dfer"}',
]  # fmt: skip
REDUCE_FACES = [
    '{"paused":true,"mode":"reduce"}', '{"paused":true,"mode":"reduce","trips":0}',
    '{"paused":true,"mode":"reduce","holds":[%s]}' % REDUCING, '{"paused":true,"mode":"reduce","holds":[]}',
]  # fmt: skip
GREEN_FACES = [
    GREEN, '{ "paused": false }', '\ufeff{"paused":false}\r\n', '{"paused":false,"ticket":7,"reason":"old"}',
    '{"paused":false,"holds":[{"id":"a"}]}', '{"paused":false,"mode":"reduce"}', '{"paused":false,"x":-0}',
    '{"paused":false,"x":%s}' % ("9" * 300), '{"paused":false,"x":"\\ud83d\\ude00"}', '{"paused":false,"x":1e-999}',
    '{"paused":false,"x":%s1%s}' % ("[" * 126, "]" * 126), '{"paused":false,"x":"\x7f\u2028"}', '\t{"paused":false}\r',
    '{"paused":false,"x":[{"a":1},{"a":1}]}', '{"paused":false,"resumed":7}', '{"paused":false,"since":"x"}',
    '{"paused":false,"holds":[{"id":"a","reason":7,"since":"x","mode":"reduce"}]}',
]  # fmt: skip
BROKEN_BYTES = [b'{"paused":false,"x":"\xff"}', b'{"paused":false\xff}', '\ufeff{"paused":false}'.encode("utf-16-le"),
                b'{"paused":false,"x":"\xed\xa0\x80"}', b'{"paused":false,"x":"\xc0\xaf"}']  # fmt: skip


def thing(name: str, make: Callable[[str], None]) -> list[State]:
    """A thing at the place of the face, of the ledger behind a green face, and of the ledger behind one that pauses."""

    def as_ledger(content: str) -> Callable[[Root], None]:
        def made(root: Root) -> None:
            root.put("data/circuit.json", content)
            make(root.at("data/trips.jsonl"))

        return made

    return [
        State(f"face: {name}", lambda root: make(root.at("data/circuit.json")), PAUSED),
        State(f"ledger: {name}", as_ledger(GREEN), PAUSED),
        State(f"ledger of a reduce: {name}", as_ledger('{"paused":true,"mode":"reduce"}'), PAUSED),
    ]


def sock(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)


def sparse(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 30)


def both(name: str, content: str, ledger: str, code: int, ledger_after: float | None = None) -> State:
    """A face and a ledger, the ledger dated so many seconds after the face."""

    def made(root: Root) -> None:
        root.put("data/circuit.json", content)
        root.put("data/trips.jsonl", ledger)
        root.dated("data/circuit.json", 0)
        root.dated("data/trips.jsonl", ledger_after or 0)

    return State(name, made, code)


def by_a_link(root: Root) -> None:
    root.put("face", GREEN)
    os.symlink("../face", root.at("data/circuit.json"))


def only_ledger(ledger: str, code: int) -> State:
    return State(f"only a ledger {ledger[:9]!r}", lambda root: root.put("data/trips.jsonl", ledger), code)


def without_data(name: str, make: Callable[[Root], None]) -> State:
    def made(root: Root) -> None:
        os.rmdir(root.at("data"))
        make(root)

    return State(name, made, NO_ROOT)


LENGTH = len(LINE)
HAND, REDUCED = '{"paused":false}', '{"paused":true,"mode":"reduce"}'
KNOWS = '{"paused":false,"trips":%d}' % LENGTH

STATES = [
    *thing("a folder", os.mkdir), *thing("a FIFO", os.mkfifo), *thing("a socket", sock), *thing("1 GB", sparse),
    *thing("a device", lambda path: os.symlink("/dev/zero", path)),
    *thing("a dangling link", lambda path: os.symlink("nowhere", path)),
    *thing("a link loop", lambda path: os.symlink(path, path)),
    *thing("a link through a file", lambda path: os.symlink("/etc/passwd/x", path)),
    State("nothing at all", lambda root: None, 0),
    only_ledger("", 0), only_ledger(LINE, PAUSED), only_ledger('{"id', PAUSED), only_ledger("\n", PAUSED),
    only_ledger("\0", PAUSED),
    both("a trip that the face has not seen", GREEN, LINE, PAUSED),
    both("the face knows it", KNOWS, LINE, 0),
    both("a torn trip more", KNOWS, LINE + "{", PAUSED),
    both("one byte less", KNOWS, LINE[:-1], PAUSED),
    both("a ledger that shrank", '{"paused":false,"trips":1000}', LINE, PAUSED),
    State("a ledger that is gone", lambda root: root.put("data/circuit.json", KNOWS), PAUSED),
    both("a hand, then a trip", HAND, LINE, PAUSED, 100), both("a trip, then a hand", HAND, LINE, 0, -100),
    both("a hand and a trip of one moment", HAND, LINE, PAUSED),
    both("a hand and a new empty ledger", HAND, "", 0, 100),
    both("a nanosecond before", HAND, LINE, 0, -1e-9), both("a nanosecond after", HAND, LINE, PAUSED, 1e-9),
    both("a reduce by hand, then a trip", REDUCED, LINE, PAUSED, 100),
    both("a trip, then a reduce by hand", REDUCED, LINE, REDUCE, -100),
    both("a reduce that knows less", '{"paused":true,"mode":"reduce","trips":0}', LINE, PAUSED),
    both("a reduce that knows all", '{"paused":true,"mode":"reduce","trips":%d}' % LENGTH, LINE, REDUCE),
    both("a reduce that knows more", '{"paused":true,"mode":"reduce","trips":999}', LINE, PAUSED),
    State("a face by a link", by_a_link, 0),
    without_data("data is a file", lambda root: root.put("data", "")),
    without_data("data is missing", lambda root: None),
    without_data("data is a dangling link", lambda root: os.symlink("nowhere", root.at("data"))),
    without_data("data is a link loop", lambda root: os.symlink("data", root.at("data"))),
    *[face(content) for content in BROKEN_FACES], *[face(content) for content in BROKEN_BYTES],
    *[face(content) for content in PAUSED_FACES], *[face(content, REDUCE) for content in REDUCE_FACES],
    *[face(content, 0) for content in GREEN_FACES],
]  # fmt: skip
