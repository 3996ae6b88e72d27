#!/usr/bin/env bash
# Installs what the tests need, through apt-get and only when something is missing. No test is skipped for a missing
# tool: without them the tests fail.
#
#   install-test-tools.sh --bagit-python    prints the Python that has the package bagit, and makes it first if need be
#   install-test-tools.sh --witness-python  the same for aics-witness, a C2SP witness
#   install-test-tools.sh --moto-python     the same for moto, a server that speaks like S3
#   install-test-tools.sh --smtp-python     the same for aiosmtpd, a mail server
#   install-test-tools.sh --mypy-python     the same for mypy, a type checker
#   install-test-tools.sh --freqtrade-python, --nautilus-python
#                                           the same for two trading frameworks, which are large: only when asked for
#   install-test-tools.sh --kernel          prints the folder with Debian's kernel for emulated machines, of x86-64
set -euo pipefail

# What must be there, and the Debian package that brings it.
tools=(
  "bsdtar libarchive-tools"
  "busybox busybox"
  "c++ g++"
  "cpio cpio"
  "cc gcc libc6-dev"
  "chromium chromium"
  "dash dash"
  "dbus-run-session dbus-daemon"
  "dunst dunst"
  "faketime faketime"
  "gawk gawk"
  "git git"
  "ip iproute2"
  "/usr/share/i18n/locales/tr_TR locales"
  "logrotate logrotate"
  "mawk mawk"
  "mkfs.ext4 e2fsprogs"
  "mount mount"
  "openssl openssl"
  "notify-send libnotify-bin"
  "original-awk original-awk"
  "pdfinfo poppler-utils"
  "pdftotext poppler-utils"
  "ps procps"
  "prometheus prometheus"
  "prometheus-alertmanager prometheus-alertmanager"
  "prometheus-node-exporter prometheus-node-exporter"
  "/usr/bin/python3 python3"
  "qemu-system-x86_64 qemu-system-x86"
  "shasum perl"
  "shellcheck shellcheck"
  "ssh-keygen openssh-client"
  "strace strace"
  "systemd-analyze systemd"
  "/usr/share/zoneinfo/UTC tzdata"
  "unshare util-linux"
  "Xvfb xvfb"
)

# Some live where only root's PATH looks.
PATH="$PATH:/usr/sbin:/sbin"

missing() {
  local entry tool
  for entry in "${tools[@]}"; do
    tool=${entry%% *}
    [ -e "$tool" ] || command -v "$tool" >/dev/null 2>&1 || echo "${entry#* }"
  done | sort -u
  # No program of its own; and it comes with a python3 that may be missing too.
  /usr/bin/python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

fail() {
  printf 'install-test-tools: %s\n' "$@" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || fail "nothing can be installed here" "as root: $*"
    sudo "$@"
  fi
}

# Other implementations, which are Python packages and in no distribution: each in a folder below target/, once. Test
# programs may come here at the same time.
target=${CARGO_TARGET_DIR:-$(dirname "$0")/../target}
venv() { # NAME-VERSION MODULE PIP-ARGUMENT...
  local name=$1 module=$2 venv making
  shift 2
  mkdir -p "$target"
  venv=$(cd "$target" && pwd)/$name
  if [ ! -x "$venv/bin/python" ]; then
    exec 9>"$venv.lock"
    flock 9
  fi
  if [ ! -x "$venv/bin/python" ]; then
    echo "install-test-tools: installing the Python package $module" >&2
    making=$venv.making
    rm -rf "$making"
    /usr/bin/python3 -m venv "$making" >&2
    "$making/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
    "$making/bin/python" -c "import $module" >&2
    mv "$making" "$venv"
  fi
  echo "$venv/bin/python"
}

# A kernel that a machine of an emulator boots, and the modules for its disk. It is not installed here.
kernel() {
  local dir making package
  mkdir -p "$target"
  dir=$(cd "$target" && pwd)/kernel
  if [ ! -e "$dir/vmlinuz" ]; then
    exec 9>"$dir.lock"
    flock 9
  fi
  if [ ! -e "$dir/vmlinuz" ]; then
    apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || as_root apt-get update -qq >&2
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$package" ] || fail "apt-get knows no package linux-image-cloud-amd64: is this Debian on x86-64?"
    echo "install-test-tools: unpacking $package" >&2
    making=$dir.making
    rm -rf "$making"
    mkdir "$making"
    (cd "$making" && apt-get download -qq "$package" >&2 && dpkg -x ./*.deb . && rm ./*.deb)
    find "$making" -name 'virtio*.ko' -exec cp {} "$making" \;
    cp "$making"/boot/vmlinuz-* "$making/vmlinuz"
    rm -rf "${making:?}"/{boot,lib,usr}
    mv "$making" "$dir"
  fi
  echo "$dir"
}

other() {
  case $1 in
  --kernel) kernel ;;
  --bagit-python) venv bagit-1.9.0 bagit bagit==1.9.0 setuptools ;;
  # It asks for Python 3.12 and does with 3.11, which is Debian 12's.
  --witness-python) venv witness-0.1.0 aics_witness --ignore-requires-python aics-witness==0.1.0 aics-tlog==0.2.1 ;;
  --moto-python) venv moto-5.2.5 moto.server "moto[server]==5.2.5" ;;
  --smtp-python) venv aiosmtpd-1.4.6 aiosmtpd.smtp aiosmtpd==1.4.6 ;;
  --mypy-python) venv mypy-1.18.2 mypy mypy==1.18.2 ;;
  --freqtrade-python) venv freqtrade-2026.9 freqtrade freqtrade==2026.9 ;;
  --nautilus-python) venv nautilus-1.221.0 nautilus_trader nautilus_trader==1.221.0 ;;
  *) fail "there is no option $1" ;;
  esac
}

# Where numbers, dates and capital letters are not those of C.
locales() {
  local each
  for each in de_DE tr_TR; do
    locale -a | grep -qix "$each.utf-\?8" || as_root localedef -i "$each" -f UTF-8 "$each.UTF-8"
  done
}

# The one that is asked for; else all of them.
others() {
  if [ $# -gt 0 ]; then
    other "$1"
  else
    locales
    for each in --bagit-python --witness-python --moto-python --smtp-python --mypy-python --kernel; do
      other "$each" >/dev/null
    done
  fi
}

packages=$(missing)
if [ -z "$packages" ]; then
  others "$@"
  exit
fi
packages=$(echo "$packages" | tr '\n' ' ')

[ "$(uname -s)" = Linux ] || fail "the tests need Linux: they drive systemd, strace and Linux file systems"
command -v apt-get >/dev/null || fail "missing: $packages" "install them with your package manager, then run this again"

echo "install-test-tools: installing $packages" >&2
export DEBIAN_FRONTEND=noninteractive
# Without fresh lists an old image asks for packages that are gone.
as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
as_root apt-get install -y -qq --no-install-recommends $packages >&2

left=$(missing | tr '\n' ' ')
[ -z "$left" ] || fail "still missing after the installation: $left"

others "$@"
