#!/usr/bin/env bash
# Type-checks the whole workspace for macOS (arm64) and Windows, on Linux and without their SDKs.
# Debian has the sources of the standard library of this compiler; zig brings the C headers of macOS.
set -euo pipefail
cd "$(dirname "$0")/.."

root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

rust=$(rustc --version | cut -d' ' -f2)
tools=${CARGO_TARGET_DIR:-$PWD/target}/tools/platforms
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)

library=$tools/rust-src/usr/src/rustc-$rust/library
if [ ! -d "$library" ]; then
  apt=$tools/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  # The mirror that this machine uses anyway.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie-backports main" >"$apt/sources.list"
  options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=)
  apt-get "${options[@]}" update
  (cd "$apt" && rm -f ./*.deb && apt-get "${options[@]}" download "rust-src=$rust*" && dpkg-deb -x ./rust-src_*.deb "$tools/rust-src")
fi

if ! command -v x86_64-w64-mingw32-dlltool >/dev/null; then
  root apt-get -qq install -y gcc-mingw-w64-x86-64 >/dev/null
fi

zig=$tools/zig
[ -x "$zig/bin/python" ] || python3 -m venv "$zig"
"$zig/bin/python" -c 'import ziglang' 2>/dev/null || "$zig/bin/pip" -q install ziglang
cat >"$tools/cc-macos" <<EOF
#!/bin/sh
exec "$zig/bin/python" -m ziglang cc -target aarch64-macos "\$@"
EOF
chmod +x "$tools/cc-macos"

for target in aarch64-apple-darwin x86_64-pc-windows-gnu; do
  echo "== $target" >&2
  CC_aarch64_apple_darwin=$tools/cc-macos AR_aarch64_apple_darwin=ar CRATE_CC_NO_DEFAULTS=1 \
    __CARGO_TESTS_ONLY_SRC_ROOT=$library RUSTC_BOOTSTRAP=1 RUSTFLAGS="-D warnings" \
    cargo check -Z build-std=std,panic_abort --target "$target" --workspace --lib --bins
done
