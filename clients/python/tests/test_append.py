"""Decisions: one line, one write, beside the sealer and other writers."""

from __future__ import annotations

import json
import math
import os
import stat
import subprocess
import unittest
from unittest import mock

from support import Root

import holdfast

LOG = "memory/decisions.jsonl"


class Append(unittest.TestCase):
    def test_what_is_given_is_one_line(self) -> None:
        root = Root(self)
        values = [{"act": "buy", "why": "größer\nzwei \u2028"}, [1, 2.5], "text", 7, None, True, {}]
        for value in values:
            holdfast.append(value, root.path)
        lines = root.bytes(LOG).decode().split("\n")
        self.assertEqual("", lines.pop())
        self.assertEqual(values, [json.loads(line) for line in lines])
        self.assertEqual('{"act":"buy","why":"größer\\nzwei \u2028"}', lines[0])
        self.assertEqual(0o640, stat.S_IMODE(os.stat(root.at(LOG)).st_mode) | 0o640)

    def test_a_torn_line_is_closed_and_kept(self) -> None:
        root = Root(self)
        os.mkdir(root.at("memory"))
        for before, after in [("", ""), ('{"a":1}\n', '{"a":1}\n'), ('{"a":', '{"a":\n'), ("\n", "\n"), ("x", "x\n")]:
            root.put(LOG, before)
            holdfast.append({"b": 2}, root.path)
            self.assertEqual(f'{after}{{"b":2}}\n', root.bytes(LOG).decode())

    def test_it_is_one_write_and_durable_where_that_is_asked_for(self) -> None:
        root = Root(self)
        for sync in (True, False):
            with mock.patch("os.write", wraps=os.write) as write, mock.patch("os.fsync", wraps=os.fsync) as fsync:
                holdfast.append({"a": 1}, root.path, sync=sync)
            self.assertEqual([b'{"a":1}\n'], [call.args[1] for call in write.call_args_list])
            self.assertEqual(sync, fsync.called)

    def test_what_cannot_be_appended_leaves_the_log_as_it_is(self) -> None:
        root = Root(self)
        holdfast.append(1, root.path)
        for bad in (math.nan, {"a": {1, 2}}, object(), "\ud800"):
            with self.assertRaisesRegex(holdfast.FieldError, "the decision cannot be JSON"):
                holdfast.append(bad, root.path)
        self.assertEqual(b"1\n", root.bytes(LOG))
        with mock.patch("os.write", return_value=3), self.assertRaisesRegex(holdfast.WriteError, "only 3 of 2 bytes"):
            holdfast.append(2, root.path)
        os.rename(root.at(LOG), root.at("precious"))
        os.symlink("../precious", root.at(LOG))
        with self.assertRaisesRegex(holdfast.WriteError, "is a symbolic link; Holdfast follows none"):
            holdfast.append(2, root.path)
        os.unlink(root.at(LOG))
        os.mkfifo(root.at(LOG))
        with self.assertRaisesRegex(holdfast.WriteError, "is not a regular file"):
            holdfast.append(2, root.path)
        self.assertEqual(b"1\n", root.bytes("precious"))
        with self.assertRaises(holdfast.NotARoot):
            holdfast.append(2, root.at("nowhere"))

    def test_threads_and_processes_append_while_it_is_sealed_and_every_line_is_sealed_once(self) -> None:
        root = Root(self)
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", root.at("key")]
        subprocess.run(keygen, check=True, timeout=60)
        holdfast.append({"who": "first"}, root.path)
        root.says(0, "audit-pack", "init", LOG, "--key", "key")
        each, count = 8, 40
        script = (
            "import threading\n"
            "root, who, count = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"
            "def work(thread):\n"
            "    for n in range(count):\n"
            "        line = {'who': who, 'thread': thread, 'n': n, 'pad': 'x' * (n * 50)}\n"
            "        holdfast.append(line, root, sync=n % 4 == 0)\n"
            "threads = [threading.Thread(target=work, args=(thread,)) for thread in range(2)]\n"
            "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        )
        writers = [subprocess.Popen(root.python(script, root.path, str(who), str(count))) for who in range(each)]
        sealed = 0
        while any(writer.poll() is None for writer in writers):
            root.says(0, "audit-pack", "seal", LOG)
            sealed += 1
        self.assertEqual([0] * each, [writer.returncode for writer in writers])
        root.says(0, "audit-pack", "seal", LOG)
        self.assertGreater(sealed, 1)
        checked = json.loads(root.says(0, "audit-pack", "check", LOG, "--json"))
        lines = [json.loads(line) for line in root.bytes(LOG).decode().splitlines()]
        found = sorted((line["who"], line["thread"], line["n"]) for line in lines if "thread" in line)
        self.assertEqual(sorted((str(w), t, n) for w in range(each) for t in range(2) for n in range(count)), found)
        self.assertIn(str(len(lines)), json.dumps(checked), checked)
        self.assertEqual(1 + each * 2 * count, len(lines))


if __name__ == "__main__":
    unittest.main()
