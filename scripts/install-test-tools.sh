#!/usr/bin/env bash
# Installs what the tests need, through apt-get and only when something is missing. No test is skipped for a missing
# tool: without them the tests fail.
set -euo pipefail

# What must be there, and the Debian package that brings it.
tools=(
  "c++ g++"
  "cc gcc libc6-dev"
  "faketime faketime"
  "git git"
  "ip iproute2"
  "mkfs.ext4 e2fsprogs"
  "mount mount"
  "ps procps"
  "/usr/bin/python3 python3"
  "ssh-keygen openssh-client"
  "strace strace"
  "systemd-analyze systemd"
  "/usr/share/zoneinfo/UTC tzdata"
  "unshare util-linux"
)

# Some live where only root's PATH looks.
PATH="$PATH:/usr/sbin:/sbin"

missing() {
  local entry tool
  for entry in "${tools[@]}"; do
    tool=${entry%% *}
    [ -e "$tool" ] || command -v "$tool" >/dev/null 2>&1 || echo "${entry#* }"
  done | sort -u
}

fail() {
  printf 'install-test-tools: %s\n' "$@" >&2
  exit 1
}

packages=$(missing)
[ -n "$packages" ] || exit 0
packages=$(echo "$packages" | tr '\n' ' ')

[ "$(uname -s)" = Linux ] || fail "the tests need Linux: they drive systemd, strace and Linux file systems"
command -v apt-get >/dev/null || fail "missing: $packages" "install them with your package manager, then run this again"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "missing: $packages" "as root: apt-get install $packages"
  as_root=(sudo)
fi

echo "install-test-tools: installing $packages" >&2
export DEBIAN_FRONTEND=noninteractive
# Without fresh lists an old image asks for packages that are gone.
"${as_root[@]}" apt-get update -qq
# shellcheck disable=SC2086 # a list of names
"${as_root[@]}" apt-get install -y -qq --no-install-recommends $packages >&2

left=$(missing | tr '\n' ' ')
[ -z "$left" ] || fail "still missing after the installation: $left"
