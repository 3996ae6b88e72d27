# A heartbeat in the manner of the articles: written in place, by one call, at the end of a cycle.
import json, pathlib, sys, time

status, ago = sys.argv[1], float(sys.argv[2])
at = time.time() - ago
beat = {"at": at, "iso": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), "status": status}
pathlib.Path("data/heartbeat.json").write_text(json.dumps(beat))
