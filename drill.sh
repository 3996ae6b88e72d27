#!/usr/bin/env bash
# Builds everything and runs the drill, which leaves its evidence in target/drill: ./drill.sh --help
set -euo pipefail
cd "$(dirname "$0")"

# The drill runs the programs beside its own.
cargo build --release --workspace --exclude xtask --exclude holdfast-tests --bins
mkdir -p target/drill
# Not by cargo run: for one package alone its libraries have other features, and much would be built once more.
exec "${CARGO_TARGET_DIR:-target}/release/drill" --out target/drill "$@"
