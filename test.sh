#!/usr/bin/env bash
# Passes all tests on a fresh machine that has Rust. Arguments go to cargo test: ./test.sh -- units
set -euo pipefail
cd "$(dirname "$0")"

scripts/install-test-tools.sh
# First all programs: the scenarios run them, and cargo test builds only those of the package that it tests.
cargo build --workspace --bins
cargo test --workspace "$@"
