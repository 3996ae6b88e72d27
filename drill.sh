#!/usr/bin/env bash
# Builds everything and runs the drill, which leaves its evidence in target/drill: ./drill.sh --help
set -euo pipefail
cd "$(dirname "$0")"

# The drill runs the programs beside its own.
cargo build --release --workspace --exclude xtask --exclude holdfast-tests --bins
mkdir -p target/drill
exec cargo run --release --quiet --package drill -- --out target/drill "$@"
