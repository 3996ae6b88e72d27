"""Holdfast for Python: heartbeats, the circuit, decisions. One file without dependencies, for Python 3.9 and later.

    import holdfast

    heart = holdfast.Heartbeat("/srv/bot", interval=300)
    with heart.cycle() as own, holdfast.guard("/srv/bot"):
        own["candle_at"] = trade()
        holdfast.append({"act": "buy", "qty": 3}, "/srv/bot")

A root is a folder with data/ in it: the one that is given, else HOLDFAST_ROOT, else the current folder. The files are
those of hb-write, circuit-ctl and audit-pack; docs/formats/ of the project describes them.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import inspect
import json
import logging
import math
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, NamedTuple, TypeVar, Union, cast

__version__ = "0.1.0"
__all__ = [
    "Cycle", "Error", "FieldError", "Heartbeat", "Hold", "NotARoot", "Paused", "Verdict", "WriteError",
    "append", "check", "guard",
]  # fmt: skip

Path = Union[str, "os.PathLike[str]"]
Seconds = Union[int, float, datetime.timedelta]
_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")
_Object = dict[str, Any]

_MAX_READ = 1 << 20
_MAX_WATCHDOG = 16 << 20
_MAX_DEPTH = 127
_REREAD, _REREAD_STEP = 0.2, 0.01
_TORN, _TORN_STEP = 0.05, 0.001
_GUARD_WITHIN = 35 * 60.0
_SLACK, _AHEAD_MAX = 1.0, 60.0
_U64_MAX = (1 << 64) - 1
_NONBLOCK, _NOFOLLOW, _BINARY = (getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))
_LOG = logging.getLogger("holdfast")


class Error(Exception):
    """What went wrong, and what to do about it."""


class NotARoot(Error):
    """The folder has no data/ in it. A wrong folder must never read as "no state, so green" (fail-closed)."""


class WriteError(Error):
    """A file was not written, or is not known to be durable."""


class FieldError(Error):
    """A key or a value that cannot be in a heartbeat or a decision."""


class Paused(Error):
    """The circuit does not allow it. `verdict` says why, since when and by whom."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict

    def __str__(self) -> str:
        verdict = self.verdict
        what = "REDUCE ONLY" if verdict.word == "reduce" else "PAUSED (halt)"
        since = "" if verdict.since is None else f"\n  since {_iso(verdict.since)}"
        by = f", by {_printable(verdict.by)}" if verdict.by and since else ""
        return (
            f"{what}: {_printable(verdict.why)}{since}{by}\n"
            "  see it with: circuit-ctl status; a person lifts it with: circuit-ctl resume"
        )


@dataclass(frozen=True)
class Hold:
    """One cause of a pause."""

    id: str
    mode: str
    reason: str
    by: str
    host: str
    since: float
    watch: str | None = None


@dataclass(frozen=True)
class Verdict:
    """May the system trade? `word` is green, reduce (only orders that reduce risk) or paused."""

    word: str
    why: str = ""
    since: float | None = None
    by: str | None = None
    holds: tuple[Hold, ...] = ()

    @property
    def is_green(self) -> bool:
        """Nothing stands in the way of trading."""
        return self.word == "green"

    @property
    def exit(self) -> int:
        """The exit code of `circuit-ctl check`: 0, 2 or 3."""
        return {"green": 0, "reduce": 3}.get(self.word, 2)


# The root, and times.


def _root(root: Path | None) -> str:
    path = os.environ.get("HOLDFAST_ROOT") or "." if root is None else os.fspath(root)
    try:
        data = _stat(os.path.join(path, "data")) if path else None
        fact = "it has no data folder" if data is None else "its data is not a folder"
    except (OSError, ValueError, _Unknown) as error:
        data, fact = None, f"its data folder cannot be read: {_cause(error)}"
    if data is None or not stat.S_ISDIR(data.st_mode):
        advice = f"make one with: mkdir -p {path}/data\n  or name another as root, or by HOLDFAST_ROOT"
        raise NotARoot(f"{path or 'an empty path'} is not a Holdfast root: {fact}\n  {advice}")
    return path


def _span(span: Seconds) -> float:
    seconds = span.total_seconds() if isinstance(span, datetime.timedelta) else float(span)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(f"{span!r} is not a duration: give seconds or a timedelta, greater than zero")
    return seconds


class _Now(NamedTuple):
    """Every clock of this host, as the programs read them; None where the standard library has none of it."""

    wall: float
    up: float | None
    awake: float | None
    boot: str | None


def _now() -> _Now:
    if sys.platform == "linux":
        return _Now(
            time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), time.clock_gettime(time.CLOCK_MONOTONIC), _boot()
        )
    if sys.platform == "darwin":
        up, awake = time.clock_gettime(time.CLOCK_MONOTONIC_RAW), time.clock_gettime(time.CLOCK_UPTIME_RAW)
        return _Now(time.time(), up, awake, _boot())
    if sys.platform == "win32":
        return _Now(time.time(), time.perf_counter(), None, None)
    return _Now(time.time(), None, None, None)


@functools.lru_cache
def _boot() -> str | None:
    """Which boot of the host `up` and `awake` belong to."""
    try:
        if sys.platform == "darwin":
            import ctypes

            value, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
            name = b"kern.bootsessionuuid"
            failed = ctypes.CDLL(None).sysctlbyname(name, value, ctypes.byref(size), None, ctypes.c_size_t(0))
            return None if failed else value.value.decode() or None
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, ValueError, AttributeError):
        return None


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME") or "unknown"
    return os.uname().nodename or "unknown"


def _floor(seconds: float) -> float:
    """To milliseconds, and never later than it is: a reader must not find a time in the future."""
    millis = math.floor(seconds * 1e3)
    # The product may have been rounded up.
    return millis / 1e3 if millis / 1e3 <= seconds else (millis - 1) / 1e3


def _iso(wall: float) -> str:
    try:
        seconds, millis = divmod(round(wall * 1e3), 1000)
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03}Z"
    except (OverflowError, ValueError, OSError):
        return "an impossible time"


def _age(seconds: float) -> str:
    total = int(min(max(seconds, 0.0), 1e12))
    parts = [(total // 86_400, "d"), (total // 3_600 % 24, "h"), (total // 60 % 60, "m"), (total % 60, "s")]
    first = next((number for number, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0s"


def _printable(text: str) -> str:
    """Words of others must not move a cursor or hide a line."""
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(char if char.isprintable() else known.get(char, f"\\u{{{ord(char):x}}}") for char in text[:500])


# Reading: regular files of a bounded length, opened without blocking.


class _Unknown(Exception):
    """A file tells nothing, and reading it again will not help."""


def _cause(error: BaseException) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _stat(path: str) -> os.stat_result | None:
    """What a path leads to; None if nothing is there. A link that leads nowhere is not "nothing" (fail-closed)."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(found.st_mode):
        return found
    try:
        return os.stat(path)
    except FileNotFoundError:
        raise _Unknown("is a link that leads nowhere") from None


def _read(path: str, most: int = _MAX_READ) -> bytes:
    """Raises FileNotFoundError, another OSError, or _Unknown."""
    file = os.open(path, os.O_RDONLY | _NONBLOCK | _BINARY)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise _Unknown("is not a regular file")
        content, length = b"", found.st_size
        # The bound holds also for a file that grows while it is read.
        while length <= most and (piece := os.read(file, most + 1 - len(content))):
            content += piece
            length = max(length, len(content))
    finally:
        os.close(file)
    if length > most:
        raise _Unknown(f"is {length} bytes long; at most {most} are read")
    return content


def _integer(text: str) -> int | float:
    """As the programs read it: what no 64 bits hold is a number, but no whole one."""
    number = _finite(text)
    if text == "-0" or abs(number) > 2.0**65:
        return number
    return int(text) if -(1 << 63) <= int(text) <= _U64_MAX else number


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("is not JSON: number out of range")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"is not JSON: {text}")


def _distinct(pairs: list[tuple[str, Any]]) -> _Object:
    """Readers differ on which of two equal keys counts."""
    found: _Object = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"is not JSON: the key {key!r} stands twice")
        found[key] = value
    return found


def _bounded(value: Any, depth: int = _MAX_DEPTH) -> None:
    """No deeper than the programs read, and no half of a surrogate pair."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, (dict, list)):
        if depth == 0:
            raise ValueError("is not JSON: it is nested too deeply")
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            _bounded(each, depth - 1)


def _object(content: bytes) -> _Object:
    """One JSON object, read as strictly as the programs do. Raises ValueError."""
    if not content.strip():
        raise ValueError("is empty")
    text = content[3:] if content.startswith(b"\xef\xbb\xbf") else content
    try:
        found = json.loads(
            text.decode(),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
        _bounded(found)
    except RecursionError:
        raise ValueError("is not JSON: it is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")
    return found


# The circuit: the face, data/circuit.json, and behind it the ledger, data/trips.jsonl.


def _mode(found: _Object) -> str:
    mode = found.get("mode", "halt")
    if mode not in ("halt", "reduce"):
        raise ValueError(f'"mode" is {mode!r}, expected "halt" or "reduce"')
    return cast(str, mode)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _U64_MAX


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None


def _hold(value: Any) -> Hold:
    found: _Object = value if isinstance(value, dict) else {}
    text = {key: word[:1000] for key, word in found.items() if isinstance(word, str)}
    if not text.get("id", "").strip():
        raise ValueError("a hold has no id")
    return Hold(
        id=text["id"],
        mode=_mode(found),
        reason=text.get("reason", "no reason given"),
        by=text.get("by", "unknown"),
        host=text.get("host", "unknown"),
        since=_number(found.get("since")) or 0.0,
        watch=text.get("watch"),
    )


class _Face:
    """What the face says. An error means paused (fail-closed)."""

    def __init__(self, found: _Object, written: os.stat_result) -> None:
        if not (_count(found.get("v", 1)) and found.get("v", 1) == 1):
            raise ValueError(f"has the unknown version {found['v']!r}; this program reads 1")
        if not isinstance(found.get("paused"), bool):
            raise ValueError('has no "paused" that is true or false')
        if "trips" in found and not _count(found["trips"]):
            raise ValueError('"trips" is not a whole number of bytes')
        holds = found.get("holds", [])
        if not isinstance(holds, list):
            raise ValueError('"holds" is not a list')
        self.paused: bool = found["paused"]
        self.mode = _mode(found)
        self.trips: int | None = found.get("trips")
        self.holds = tuple(_hold(hold) for hold in holds)
        self.written = written.st_mtime_ns
        self.content = found
        self.by_hand = Hold(
            id="by-hand",
            mode=self.mode,
            reason=found["reason"] if isinstance(found.get("reason"), str) else "paused by hand, without a reason",
            by="by hand",
            host="unknown",
            since=written.st_mtime if (since := _number(found.get("since"))) is None else since,
        )

    def same(self, other: object) -> bool:
        """The same face, not written anew since."""
        return isinstance(other, _Face) and (self.content, self.written) == (other.content, other.written)

    def knows(self, ledger: os.stat_result | None) -> bool:
        """It has taken the whole ledger into account. Where a hand wrote it times decide; a tie is a no."""
        length = ledger.st_size if ledger else 0
        if self.trips is not None:
            return length == self.trips
        return ledger is None or length == 0 or ledger.st_mtime_ns < self.written


def _read_face(path: str) -> _Face | None:
    """None if it is missing. Simple writers write in place: what does not parse is read again for a moment."""
    give_up = None
    while True:
        try:
            # The time before the content: a write in between makes a face look older, not newer.
            written = _stat(path)
            return None if written is None else _Face(_object(_read(path)), written)
        except FileNotFoundError:
            fault = "vanished while it was read"
        except OSError as error:
            raise _Unknown(f"cannot be read: {_cause(error)}") from None
        except ValueError as error:
            fault = str(error)
        give_up = give_up or time.monotonic() + _REREAD
        if time.monotonic() >= give_up:
            raise _Unknown(fault)
        time.sleep(_REREAD_STEP)


def _look_at_ledger(path: str) -> os.stat_result | None:
    try:
        found = _stat(path)
    except OSError as error:
        raise _Unknown(f"cannot be looked at: {_cause(error)}") from None
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise _Unknown("is not a regular file")
    return found


def _data_is_there(path: str) -> None:
    """Nothing at all is green in a root, not where its disk is gone or a restore is at work."""
    try:
        found = _stat(path)
    except OSError as error:
        raise _Unknown(f"cannot be read: {_cause(error)}") from None
    if found is None or not stat.S_ISDIR(found.st_mode):
        raise _Unknown("cannot be looked for: the folder data/ is gone")


def _told(look: Callable[[str], _T], path: str) -> _T | _Unknown:
    try:
        return look(path)
    except _Unknown as unknown:
        return unknown


def _circuit(root: str) -> Verdict:
    """One read of the face, then one stat of the ledger: a trip that returned before is seen."""
    data = os.path.join(root, "data")
    face_path, ledger_path = os.path.join(data, "circuit.json"), os.path.join(data, "trips.jsonl")
    face, ledger = _told(_read_face, face_path), _told(_look_at_ledger, ledger_path)
    # Against a face that a hand left green times decide: only if the face is still that one.
    for _ in range(8):
        if not (isinstance(face, _Face) and not face.paused and face.trips is None) or isinstance(ledger, _Unknown):
            break
        again = _told(_read_face, face_path)
        if face.same(again):
            break
        face, ledger = again, _told(_look_at_ledger, ledger_path)
    if face is None and ledger is None and isinstance(gone := _told(_data_is_there, data), _Unknown):
        face = gone
    return _judge(face, ledger)


def _judge(face: _Face | _Unknown | None, ledger: os.stat_result | _Unknown | None) -> Verdict:
    """The table of docs/formats/circuit.md."""
    if isinstance(face, _Unknown):
        return Verdict("paused", f"data/circuit.json {face}")
    if face is not None and face.paused:
        # The mode of a trip that the face has not seen is unknown: the strict one.
        seen = not isinstance(ledger, _Unknown) and face.knows(ledger)
        halt = not seen or "halt" in [face.mode, *(hold.mode for hold in face.holds)]
        holds = face.holds or (face.by_hand,)
        oldest = min(holds, key=lambda hold: hold.since)
        more = f" (the oldest of {len(holds)} holds)" if len(holds) > 1 else ""
        return Verdict("paused" if halt else "reduce", oldest.reason + more, oldest.since, oldest.by, holds)
    if isinstance(ledger, _Unknown):
        return Verdict("paused", f"data/trips.jsonl {ledger}")
    length = ledger.st_size if ledger else 0
    if face is None:
        missing = "data/circuit.json is missing, but data/trips.jsonl holds trips: it was there once"
        return Verdict("paused", missing) if length else Verdict("green")
    if face.knows(ledger):
        return Verdict("green")
    if face.trips is None:
        return Verdict("paused", "data/circuit.json was written by hand before the last trip in data/trips.jsonl")
    fact = "holds a trip that data/circuit.json has not taken in" if length > face.trips else "shrank"
    return Verdict("paused", f"data/trips.jsonl {fact} ({length} bytes, data/circuit.json knows {face.trips})")


def _beat(content: bytes) -> _Object:
    """A heartbeat's own keys, each of its type. Raises ValueError."""
    found = _object(content)
    for key, value in found.items():
        kind = _OURS.get(key)
        sound = {
            "text": isinstance(value, str),
            "count": _count(value),
            "seconds": (_number(value) is not None and value >= 0),
            "version": _count(value) and value == 1,
        }
        if kind and not sound[kind]:
            raise ValueError(f"{key} is {value!r}; expected {kind}")
    missing = [key for key in ("at", "status") if key not in found]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return found


def _lacking(root: str, within: float) -> str | None:
    """Why the watchdog does not count as running, judged without trusting one clock (clock-honest)."""
    unclear = "nobody knows when the watchdog last ran: data/watchdog.json"
    try:
        beat = _beat(_read(os.path.join(root, "data", "watchdog.json"), _MAX_WATCHDOG))
    except FileNotFoundError:
        return "no watchdog has run here: data/watchdog.json is missing"
    except (OSError, ValueError, _Unknown) as error:
        return f"{unclear} {_cause(error)}"
    now = _now()
    up, boot = beat.get("up"), beat.get("boot")
    age = now.wall - beat["at"]
    if up is not None and now.up is not None and boot == now.boot:
        if up > now.up + _SLACK and boot is not None:
            return f"{unclear} is ahead of this boot's clock"
        # Without ids of boots it may be of another one: then the larger age counts.
        age = now.up - up if boot is not None else max(age, now.up - up) if up <= now.up + _SLACK else age
    if age < -_AHEAD_MAX:
        return f"{unclear} is from the future, by {_age(-age)}"
    late = f"the watchdog last completed a check {_age(age)} ago, more than {_age(within)}"
    return None if age <= within else late


def check(root: Path | None = None, *, require_watchdog: Seconds | None = None) -> Verdict:
    """May the system trade? The answer of `circuit-ctl check`: whatever keeps us from knowing reads as paused.

    With `require_watchdog` a watchdog that has not completed a check for so long reads as paused, too. Raises NotARoot.
    """
    return _gate(_root(root), None if require_watchdog is None else _span(require_watchdog))


def _gate(root: str, within: float | None) -> Verdict:
    verdict = _circuit(root)
    lacking = None if within is None else _lacking(root, within)
    if lacking is None:
        return verdict
    why = lacking if verdict.is_green else f"{verdict.why}, and {lacking}"
    return Verdict("paused", why, verdict.since, verdict.by, verdict.holds)


class guard:
    """Raises Paused before the body runs, unless the circuit allows it: `with`, `async with`, or a decorator.

    `allow_reduce` lets the body run also while only orders that reduce risk are allowed; what it is given, a Verdict,
    tells it. Once there is a holdfast.toml a watchdog must have completed a check within `require_watchdog`, 35 minutes
    if it is not given; `no_watchdog` asks for none.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        allow_reduce: bool = False,
        require_watchdog: Seconds | None = None,
        no_watchdog: bool = False,
    ) -> None:
        if no_watchdog and require_watchdog is not None:
            raise ValueError("require_watchdog and no_watchdog contradict each other: give one of them")
        self._root, self._allow_reduce, self._no_watchdog = root, allow_reduce, no_watchdog
        self._within = None if require_watchdog is None else _span(require_watchdog)

    def __enter__(self) -> Verdict:
        root = _root(self._root)
        within = self._within
        if within is None and not self._no_watchdog and _configured(root):
            within = _GUARD_WITHIN
        verdict = _gate(root, within)
        if not (verdict.is_green or (self._allow_reduce and verdict.word == "reduce")):
            raise Paused(verdict)
        return verdict

    def __exit__(self, *_: object) -> None:
        pass

    async def __aenter__(self) -> Verdict:
        return await _in_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        pass

    def __call__(self, function: _F) -> _F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                async with self:
                    return await function(*args, **kwargs)

            return cast(_F, guarded_async)

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(_F, guarded)


async def _in_thread(work: Callable[..., _T], *args: Any) -> _T:
    import asyncio

    return await asyncio.to_thread(work, *args)


def _configured(root: str) -> bool:
    """There is a configuration, or was one. What is in it takes a reader of TOML: any may name a watch."""
    return any(os.path.lexists(os.path.join(root, name)) for name in ("holdfast.toml", "data/config-last-good.toml"))


# Writing: as the programs do, durably and through no link.


@contextlib.contextmanager
def _folder(path: str, follow: bool) -> Iterator[tuple[str, int | None]]:
    """A folder that is held: what its names begin with, and its descriptor where the system has such a thing."""
    if not follow and os.path.islink(path):
        raise OSError("is a symbolic link; Holdfast follows none in data/ when it writes: replace it by a folder")
    if sys.platform == "win32":
        yield path + os.sep, None
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if follow else os.O_NOFOLLOW))
    try:
        yield "", folder
    finally:
        os.close(folder)


def _sync(file: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fsync(file)


def _inherit(file: int, old: os.stat_result | None, folder: int | None) -> None:
    """Group and mode of what is replaced, or of its folder: a beat by root must not lock the bot out."""
    if sys.platform == "win32" or folder is None:
        return
    like, ours = old or os.fstat(folder), os.fstat(file)
    if (like.st_uid, like.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(file, like.st_uid, like.st_gid)
        except OSError:
            with contextlib.suppress(OSError):
                os.fchown(file, -1, like.st_gid)
    if old is not None and stat.S_IMODE(old.st_mode) != stat.S_IMODE(ours.st_mode):
        os.fchmod(file, stat.S_IMODE(old.st_mode))


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _rename(old: str, new: str, folder: int | None) -> None:
    """On Windows a reader that has the file open makes it fail for a moment."""
    for _ in range(19 if sys.platform == "win32" else 0):
        try:
            return os.replace(old, new)
        except PermissionError:
            time.sleep(0.01)
    os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)


def _replace(directory: str, name: str, content: bytes, *, follow: bool) -> None:
    """A reader sees the old content or the new, also after power loss (old-or-new)."""
    with _folder(directory, follow) as (begin, folder):
        temp = f"{begin}.{name}.{os.getpid()}-{secrets.token_hex(8)}.tmp"
        file = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY, 0o640, dir_fd=folder)
        try:
            try:
                old = _itself(begin + name, folder)
                _inherit(file, old if old and stat.S_ISREG(old.st_mode) else None, folder)
                _write_all(file, content)
                _sync(file)
            finally:
                os.close(file)
            _rename(temp, begin + name, folder)
        except BaseException:
            # The error is what counts; what stays here the watchdog sweeps.
            with contextlib.suppress(OSError):
                os.unlink(temp, dir_fd=folder)
            raise
        if folder is not None:
            os.fsync(folder)


def _itself(path: str, folder: int | None) -> os.stat_result | None:
    """What is at a path, links not followed."""
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path, dir_fd=folder, follow_symlinks=False)
    return None


def _make_folder(path: str) -> None:
    """In one that is there: nothing makes a root or its data/ but a person."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o750)
        with _folder(os.path.dirname(path), True) as (_, parent), _folder(path, False) as (_, made):
            if parent is not None and made is not None:
                _inherit(made, None, parent)
                os.fsync(parent)


def _advice(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "make room on that disk"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "let this user write into that folder"
    return "check that disk and folder"


# The heartbeat.

_OURS = {
    "v": "version", "at": "seconds", "iso": "text", "status": "text", "name": "text", "host": "text", "pid": "count",
    "seq": "count", "boot": "text", "up": "seconds", "awake": "seconds", "interval": "seconds", "begun": "seconds",
    "took": "seconds", "circuit": "text",
}  # fmt: skip
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


def _json(what: str, value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        advice = "give what JSON has: texts, finite numbers, true, false, null, lists, objects"
        raise FieldError(f"{what} cannot be JSON: {error}\n  {advice}") from None


class Heartbeat:
    """The file in which a pipeline says that it does its work: data/heartbeat.json, or one of its own by `name`.

    A key that is given to a beat is the pipeline's own; rules of a watch look at it. One object may be used by several
    threads, but two cycles at a time need two names.
    """

    def __init__(self, root: Path | None = None, *, name: str | None = None, interval: Seconds | None = None) -> None:
        if name is not None and (not 1 <= len(name) <= 64 or not _NAME.issuperset(name) or name in (".", "..")):
            raise ValueError(f"{name!r} is not a heartbeat name: take 1 to 64 of a-z 0-9 . _ -, such as trader-run")
        if name == "heartbeat":
            raise ValueError('"heartbeat" is what the beat without a name is called: give no name, or take another')
        self._root, self._name = root, name
        self._interval = None if interval is None else _span(interval)

    def beat(self, status: str = "ok", **own: Any) -> None:
        """One beat. Any status but ok and held is a failure, and trips. It ends a cycle that begin() began."""
        self._write(status, own)

    def held(self, **own: Any) -> None:
        """Alive, and honouring a pause."""
        self._write("held", own)

    def begin(self, **own: Any) -> None:
        """A cycle begins. One that never ended keeps its begin: a pipeline that dies in every cycle overruns."""
        self._write("ok", own, begins=True)

    def cycle(self) -> Cycle:
        """`with` or `async with`: beats at the begin and at the end of one cycle of work."""
        return Cycle(self)

    def _write(self, status: str, own: _Object, *, begins: bool = False, began: _Now | None = None) -> None:
        for key in own:
            if key in _OURS:
                raise FieldError(
                    f"{key!r} is a key of the heartbeat itself\n  give your value another key, such as my_{key}"
                )
            _json(f"the value of {key!r}", own[key])
        root = _root(self._root)
        data = os.path.join(root, "data")
        folder = os.path.join(data, "heartbeats") if self._name else data
        file = f"{self._name or 'heartbeat'}.json"
        path = os.path.join(folder, file)
        try:
            before: _Object | None = _beat(_read(path))
        except (OSError, ValueError, _Unknown):
            before = None
        beat = self._compose(status, own, _circuit(root).word, _now(), before, begins, began)
        content = _json("the beat", beat) + b"\n"
        if len(content) > _MAX_READ:
            fact = f"{path} would be {len(content)} bytes long, and readers take at most {_MAX_READ}"
            raise FieldError(f"{fact}\n  put less into the beat")
        try:
            _beat(content)
        except ValueError as error:
            raise FieldError(f"no reader would take this beat: it {error}\n  put something simpler into it") from None
        try:
            if self._name:
                _make_folder(folder)
            _replace(folder, file, content, follow=not self._name)
        except OSError as error:
            advice = f"{_advice(error)}; until a beat is written the watchdog sees none"
            raise WriteError(f"{path} cannot be written: {_cause(error)}\n  {advice}") from error

    def _compose(
        self,
        status: str,
        own: _Object,
        circuit: str,
        now: _Now,
        before: _Object | None,
        begins: bool,
        began: _Now | None,
    ) -> _Object:
        begun, took = _cycle_times(now, _host(), before, begins, began)
        seq = (before or {}).get("seq", _U64_MAX)
        span = self._interval
        ours = {
            "v": 1,
            "at": _floor(now.wall),
            "iso": _iso(_floor(now.wall)),
            "status": status,
            "name": self._name,
            "host": _host(),
            "pid": os.getpid(),
            "seq": 1 if seq == _U64_MAX else seq + 1,
            "boot": now.boot,
            "up": None if now.up is None else _floor(now.up),
            "awake": None if now.awake is None else _floor(now.awake),
            "interval": int(span) if span is not None and span.is_integer() else span,
            "begun": begun,
            "took": None if took is None else round(took, 3),
            "circuit": circuit,
        }
        return {**{key: value for key, value in ours.items() if value is not None}, **own}


def _cycle_times(
    now: _Now, host: str, before: _Object | None, begins: bool, began: _Now | None
) -> tuple[float | None, float | None]:
    """`begun` and `took`, by the clock that nobody steps where that is known (clock-honest)."""
    old: _Object = before or {}
    unended = "begun" in old and "took" not in old and old.get("host", host) == host
    same_boot = now.up is not None and old.get("boot") == now.boot and old.get("up", math.inf) <= now.up
    if begins:
        wall = (began or now).wall
        return _floor(min(wall, old["begun"]) if unended and same_boot else wall), None
    if began is not None:
        return _floor(began.wall), _elapsed(now, began.wall, began.up if began.boot == now.boot else None)
    if not unended:
        return None, None
    took = _elapsed(now, old["at"], old["up"] if same_boot else None)
    return old["begun"], took + max(old["at"] - old["begun"], 0.0)


def _elapsed(now: _Now, wall: float, up: float | None) -> float:
    return max(now.wall - wall if up is None or now.up is None else now.up - up, 0.0)


class Cycle:
    """One cycle of work between two beats. What `with` gives is a dict: its keys go into the beat at the end.

    The end says ok; failed, with the exception's type, if one leaves the body; held if that is Paused. As in hb-write
    exec the body runs also where the first beat cannot be written: a full disk must not keep a bot from closing a
    position. That error is raised at the end, unless the body has one of its own; then it is logged.
    """

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self._began: _Now | None = None
        self._fault: Error | None = None
        self._own: _Object = {}

    def __enter__(self) -> dict[str, Any]:
        # A wrong folder is a mistake of the caller: nothing runs.
        _root(self._heartbeat._root)
        self._began, self._own = _now(), {}
        self._fault = self._try("ok", {}, begins=True)
        return self._own

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        status, own = "ok", self._own
        if isinstance(error, Paused):
            status = "held"
        elif kind is not None and not (isinstance(error, SystemExit) and error.code in (None, 0)):
            status, own = "failed", {**own, "exception": kind.__name__}
        fault = self._try(status, own)
        if isinstance(fault, FieldError):
            # What cannot be told must not hide how the cycle ended.
            held = status == "held"
            self._try(status, {}) if held else self._try("failed", {"exception": (kind or FieldError).__name__})
        fault = fault or self._fault
        if fault is not None and error is None:
            raise fault
        if fault is not None:
            _LOG.error("%s", fault)

    def _try(self, status: str, own: _Object, *, begins: bool = False) -> Error | None:
        try:
            self._heartbeat._write(status, own, begins=begins, began=self._began)
        except Error as error:
            return error
        return None

    async def __aenter__(self) -> dict[str, Any]:
        return await _in_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _in_thread(self.__exit__, kind, error, trace)


# Decisions.


def append(decision: Any, root: Path | None = None, *, sync: bool = True, log: str = "memory/decisions.jsonl") -> None:
    """Adds a decision to the log: one JSON value, one line, one write (never-rewritten). Others may append beside it.

    With `sync` it is durable when this returns; without, a power loss may take it.
    """
    line = _json("the decision", decision)
    path = os.path.join(_root(root), log)
    folder = os.path.dirname(path)
    try:
        if log.startswith("memory/"):
            _make_folder(os.path.join(_root(root), "memory"))
        with _folder(folder, True) as (begin, held):
            _append_line(begin + os.path.basename(path), held, line, sync)
    except OSError as error:
        advice = f"{_advice(error)}; look whether the line, or a part of it, is there before you append it again"
        raise WriteError(f"{path}: {_cause(error)}\n  {advice}") from error


def _append_line(name: str, folder: int | None, line: bytes, sync: bool) -> None:
    flags = os.O_RDWR | os.O_APPEND | _NOFOLLOW | _NONBLOCK | _BINARY
    fresh = False
    there = _itself(name, folder)
    if there is not None and stat.S_ISLNK(there.st_mode):
        raise OSError("is a symbolic link; Holdfast follows none when it writes: replace it by a file")
    try:
        file = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        file, fresh = os.open(name, flags | os.O_CREAT, 0o640, dir_fd=folder), True
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("is not a regular file")
        if fresh:
            _inherit(file, None, folder)
        if _ends_torn(file):
            line = b"\n" + line
        written = os.write(file, line + b"\n")
        if written != len(line) + 1:
            raise OSError(f"only {written} of {len(line) + 1} bytes could be written")
        if sync:
            _sync(file)
            if fresh and folder is not None:
                os.fsync(folder)
    finally:
        os.close(file)


def _ends_torn(file: int) -> bool:
    """A line that a crash tore is closed, and stays as it is. One that somebody is writing right now is none."""
    give_up = None
    while True:
        length = os.fstat(file).st_size
        os.lseek(file, max(length - 1, 0), os.SEEK_SET)
        # Nothing to read: the file is empty, or somebody has cut it since.
        if os.read(file, 1) in (b"\n", b""):
            return False
        give_up = give_up or time.monotonic() + _TORN
        if time.monotonic() >= give_up:
            return True
        time.sleep(_TORN_STEP)
