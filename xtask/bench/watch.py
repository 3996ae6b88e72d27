# The checks of watchdog check, in Python: every heartbeat of a root against the table of docs/watchdog.md as far as it
# concerns beats without rules of their own, with what a watchdog remembers between two looks. Nothing is made durable.
import json, os, sys, time

MAX_AGE, MAX_RUN, FUTURE = 900.0, 900.0, 60.0
root = sys.argv[1]
folder = os.path.join(root, "data", "heartbeats")
memory_path = os.path.join(root, "data", "python-watchdog.json")


def number(beat, key):
    value = beat.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise ValueError(f"{key} is {value!r}")
    return value


def judge(beat, known, now, up, boot):
    at, status = number(beat, "at"), beat.get("status")
    begun, took = number(beat, "begun"), number(beat, "took")
    beat_up, seq, pid = number(beat, "up"), number(beat, "seq"), number(beat, "pid")
    if at is None or not isinstance(status, str):
        return "malformed", known
    key = f"{at} {beat_up} {seq} {pid} {status}"
    if known is None or known["key"] != key:
        own = up - beat_up if beat.get("boot") == boot and beat_up is not None else max(now - at, 0.0)
        writers = (known["writers"] if known else [])[-7:] + [[pid, beat.get("host"), seq]]
        known = {"key": key, "up": up, "age": own, "boot": boot, "writers": writers}
    age = known["age"] + (up - known["up"] if known["boot"] == boot else max(up, now - at))
    if status not in ("ok", "held"):
        return "reported", known
    if at > now + FUTURE or beat.get("boot") == boot and (beat_up or 0.0) > up + 1.0:
        return "clock-ahead", known
    if begun is not None and took is None and now - begun > MAX_RUN:
        return "overrun", known
    if age > MAX_AGE:
        return "stale", known
    seqs = [seq for _, _, seq in known["writers"] if seq is not None]
    if any(later < earlier for earlier, later in zip(seqs, seqs[1:])):
        return "two-writers", known
    return "fresh", known


with open("/proc/sys/kernel/random/boot_id") as file:
    boot = file.read().strip()
try:
    with open(memory_path) as file:
        memory = json.load(file)
except (OSError, ValueError):
    memory = {}
now, up = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
alarms = 0
for name in sorted(os.listdir(folder)):
    try:
        with open(os.path.join(folder, name)) as file:
            beat = json.load(file)
        verdict, memory[name] = judge(beat, memory.get(name), now, up, boot)
    except (OSError, ValueError, AttributeError):
        verdict = "malformed"
    if verdict != "fresh":
        alarms += 1
        print(name, verdict)
with open(memory_path + ".new", "w") as file:
    json.dump(memory, file)
os.replace(memory_path + ".new", memory_path)
sys.exit(1 if alarms else 0)
