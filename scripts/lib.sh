# shellcheck shell=bash
# Words and helpers shared by the scripts beside this file; sourced, never run.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
artifacts=$repo/artifacts
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# A bare Debian has no ICU, without which the SDK aborts unless it is told that no languages are wanted.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# A build server that outlives the script would keep the pipe of whoever reads our output open.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0

say() { printf '%s\n' "==> $*"; }
note() { printf '%s\n' "    $*"; }
die() {
  printf '%s\n' "$(basename "$0"): $*" >&2
  exit 1
}

# need_root WHY...: stops with a sentence when the caller is not root.
need_root() { [ "$(id -u)" -eq 0 ] || die "root is needed $*; run it again with sudo"; }

# have_package NAME: is the Debian package installed?
have_package() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# missing_packages NAME...: prints those that are not installed, each on a line.
missing_packages() {
  local name
  for name in "$@"; do have_package "$name" || printf '%s\n' "$name"; done
}

# install_packages REASON NAME...: installs what is missing from the distribution, saying what and why.
install_packages() {
  local reason=$1 missing
  shift
  command -v apt-get >/dev/null || die "$reason needs these packages, and this system has no apt-get to install them: $*"
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || die "$reason needs packages that are not installed; as root: apt-get install ${missing[*]}"
  say "installing for $reason: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt_get update
  apt_get install -y --no-install-recommends --no-remove "${missing[@]}"
}

# apt_get ARGUMENTS...: quiet unless it fails; waits for another apt-get instead of failing at once.
apt_get() {
  local log
  log=$(mktemp)
  if ! apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get $1 failed"
  fi
  rm -f "$log"
}

# rid: the .NET runtime identifier of this machine.
rid() {
  case $(uname -m) in
    x86_64) echo linux-x64 ;;
    aarch64) echo linux-arm64 ;;
    *) die "Skiff runs on x86_64 and aarch64, this machine is $(uname -m)" ;;
  esac
}

# own_arch: Debian's name of this machine's architecture.
own_arch() {
  case $(rid) in
    linux-x64) echo amd64 ;;
    linux-arm64) echo arm64 ;;
  esac
}

# need_arch NAME: stops with a sentence unless Skiff knows the architecture.
need_arch() { [ "$1" = amd64 ] || [ "$1" = arm64 ] || die "--arch is amd64 or arm64, not \"$1\""; }

# binary_of ARCH: where the build for an architecture leaves its executable.
binary_of() { if [ "$1" = "$(own_arch)" ]; then echo "$artifacts/skiff"; else echo "$artifacts/skiff-$1"; fi; }

# have_sdk: is a .NET 10 SDK on PATH?
have_sdk() { command -v dotnet >/dev/null && dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; }
