#!/bin/bash
# Installs what the tests need, builds everything, runs the unit tests and, as root, the system tests against the published binary.
# The last line is "N passed, N failed, N skipped". Usage: scripts/test.sh [--unit] [--filter XUNIT_FILTER_ARGUMENTS...]
#   --unit     only the tests that need no root (nothing is installed)
#   --filter   the rest of the line goes to the test programs, e.g. --filter --filter-class '*RunTests'
set -euo pipefail
. "$(dirname "$0")/lib.sh"
unit_only=
filter=()
while [ $# -gt 0 ]; do
  case $1 in
    --unit) unit_only=1 ;;
    --filter)
      shift
      filter=("$@")
      break
      ;;
    *) die "usage: scripts/test.sh [--unit] [--filter ...]" ;;
  esac
  shift
done
cd "$repo"
started=$SECONDS
passed=0 failed=0 skipped=0
logs=$artifacts/test-logs
mkdir -p "$logs"

# run_suite NAME SECONDS PROGRAM...: adds the counts of one test program to the totals. One that dies without a summary counts as a failure.
run_suite() {
  local name=$1 limit=$2 status=0 p f s
  shift 2
  say "$name"
  timeout --kill-after=30 "$limit" "$@" --no-ansi --progress off >"$logs/$name.log" 2>&1 </dev/null || status=$?
  cat "$logs/$name.log"
  p=$(awk '/^  succeeded: / { n = $2 } END { print n + 0 }' "$logs/$name.log")
  f=$(awk '/^  failed: / { n = $2 } END { print n + 0 }' "$logs/$name.log")
  s=$(awk '/^  skipped: / { n = $2 } END { print n + 0 }' "$logs/$name.log")
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
    # 8 is "no test was run", which a filter may well mean.
    if [ "$status" -ne 8 ] || [ "${#filter[@]}" -eq 0 ]; then
      note "$name ended with status $status without naming a failed test"
      f=1
    fi
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# check NAME COMMAND...: a yes-or-no check that counts as one test.
check() {
  local name=$1
  shift
  say "$name"
  if "$@"; then passed=$((passed + 1)); else
    note "$name failed"
    failed=$((failed + 1))
  fi
}

# nothing_left: the list of changes that the fixture's leak check wrote is there and empty.
nothing_left() {
  [ -e "$logs/leaks" ] || { note "the leak check did not run" && return 1; }
  [ ! -s "$logs/leaks" ] || { cat "$logs/leaks" && return 1; }
}

finish() {
  note "took $((SECONDS - started)) s"
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ]
}

have_sdk || die "the .NET 10 SDK is needed"
if [ -z "$unit_only" ]; then
  need_root "for the system tests (--unit runs the others)"
  # What the engine itself needs is nothing: these are the world to test it in (registry, images) and the oracles to compare it with.
  install_packages "the tests" ca-certificates docker-registry busybox-static iproute2 nftables procps util-linux keyutils \
    attr libcap2-bin strace tar curl zstd skopeo umoci runc uidmap passt shellcheck gcc libc6-dev binutils zlib1g-dev
  # The tests that need these are skipped where they cannot be had.
  if [ "$(uname -m)" = x86_64 ]; then
    (install_packages "the test on cgroup version 2" qemu-system-x86 cpio kmod) || note "no virtual machine"
    (install_packages "the tests of arm64" binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm) || note "no arm64"
  fi
fi

say "building"
if ! dotnet build Skiff.slnx -v quiet -clp:NoSummary -p:UseSharedCompilation=false </dev/null; then
  note "the build failed"
  failed=1
  finish
  exit 1
fi
run_suite unit 600 test/Skiff.Tests/bin/Debug/net10.0/Skiff.Tests "${filter[@]}"

if [ -z "$unit_only" ]; then
  if scripts/build.sh; then
    rm -f "$logs/leaks"
    SKIFF_LEAK_REPORT=$logs/leaks run_suite system 1000 test/Skiff.SystemTests/bin/Debug/net10.0/Skiff.SystemTests "${filter[@]}"
    check "the machine is as it was" nothing_left
  else
    note "the publish failed: no system tests"
    failed=$((failed + 1))
  fi
  if [ "${#filter[@]}" -eq 0 ]; then
    # shellcheck disable=SC2046 # the names of our scripts have no spaces
    check shellcheck shellcheck $(git ls-files '*.sh' .ci/run)
  fi
fi
finish
