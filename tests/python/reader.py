# Reads a state file again and again, as a dashboard would, until a file named "stop" is there.
import json, pathlib, sys

path, readings = pathlib.Path(sys.argv[1]), 0
while not pathlib.Path("stop").exists():
    text = path.read_text()
    try:
        assert json.loads(text) and text.endswith("}\n")
    except (AssertionError, ValueError):
        sys.exit(f"not whole: {text!r}")
    readings += 1
    pathlib.Path("reading").touch()
print(readings)
