# The heartbeat of hb-write, in Python: the same file, replaced in one step, but not made durable.
import datetime, json, os, socket, sys, time

path = os.path.join(sys.argv[1], "data", "heartbeat.json")
try:
    with open(path) as file:
        seq = json.load(file).get("seq", 0)
except (OSError, ValueError):
    seq = 0
with open("/proc/sys/kernel/random/boot_id") as file:
    boot = file.read().strip()
at = time.time()
beat = {
    "v": 1,
    "at": at,
    "iso": datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat(timespec="milliseconds"),
    "status": "ok",
    "host": socket.gethostname(),
    "pid": os.getppid(),
    "seq": seq + 1,
    "boot": boot,
    "up": time.clock_gettime(time.CLOCK_BOOTTIME),
    "awake": time.clock_gettime(time.CLOCK_MONOTONIC),
    "circuit": "green",
}
new = f"{path}.{os.getpid()}"
with open(new, "w") as file:
    json.dump(beat, file)
os.replace(new, path)
