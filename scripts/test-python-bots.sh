#!/usr/bin/env bash
# Runs the examples of the Python client that belong into a trading framework, in those frameworks, with the programs of
# this workspace. The frameworks are large, so this is part of `cargo xtask heavy`.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
cargo build --workspace --bins
for framework in nautilus freqtrade; do
  python=$(scripts/install-test-tools.sh "--$framework-python")
  (cd clients/python/tests && HOLDFAST_BIN=$target/debug "$python" -B -m unittest "test_$framework")
done
