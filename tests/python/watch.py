# A watchdog in the manner of the articles: prints what it would alert about, and trips.
import json, pathlib, sys, time

path = pathlib.Path("data/heartbeat.json")
beat = json.loads(path.read_text()) if path.exists() else {}
age = time.time() - beat.get("at", 0)
if age > float(sys.argv[1]):
    fault = f"heartbeat stale: {age:.0f}s"
elif beat.get("status") != "ok":
    fault = f"heartbeat status = {beat.get('status')}"
else:
    sys.exit(0)
print(fault)
circuit = {"paused": True, "reason": fault, "since": time.time()}
pathlib.Path("data/circuit.json").write_text(json.dumps(circuit))
