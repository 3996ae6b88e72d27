# A person's edit by hand, in the manner of the articles.
import pathlib

pathlib.Path("data/circuit.json").write_text('{ "paused": false }')
