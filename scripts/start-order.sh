#!/bin/bash
# Writes src/Skiff/start-order.txt: the functions that run, exec, ps, logs, rm and a container's monitor call, in the order of their first calls. The next build puts them
# side by side in the binary, so that a start touches fewer pages (docs/decisions/002-link-settings.md). Needs root and x86-64; run it after
# changes of the start path. A name that is gone does no harm, a new one is only not in its best place.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
[ $# -eq 0 ] || die "usage: scripts/start-order.sh"
[ "$(uname -m)" = x86_64 ] || die "the order is taken on x86-64 only; arm64 builds use the same file"
need_root "to start the containers that are watched"
command -v gcc >/dev/null || install_packages "the watcher" gcc libc6-dev
install_packages "the containers that are watched" busybox-static binutils

"$repo/scripts/build.sh"
work=$(mktemp -d)
skiff=("$artifacts/skiff" --root "$work/root" --runroot "$work/run")
export SKIFF_BRIDGE=skifforder
# shellcheck disable=SC2329 # called by the trap
clean() {
  "${skiff[@]}" rm -f watched >/dev/null 2>&1 || true
  "${skiff[@]}" ps -a >/dev/null 2>&1 || true # gives the bridge back
  rm -rf "$work"
}
trap clean EXIT
gcc -O2 -Wall -Wextra -o "$work/watch" "$repo/scripts/start-order.c"
# The managed code has a section of its own; the native runtime's functions stay where the linker puts them.
read -r first size < <(readelf -SW "$artifacts/skiff" | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == "__managedcode" { print $3, $5 }')
nm "$artifacts/skiff.dbg" | awk '{ print $1, $3 }' | LC_ALL=C sort | awk -v first="$first" -v last="$(printf '%016x' $((0x$first + 0x$size)))" '$1 >= first && $1 < last' >"$work/symbols"

busybox_tar "$work/busybox.tar"
"${skiff[@]}" import "$work/busybox.tar" watched:1 >/dev/null

watch() { "$work/watch" "$work/symbols" "${skiff[@]}" "$@" 3>>"$work/order" >/dev/null </dev/null || die "skiff $* failed under the watcher"; }
say "watching"
watch run --rm --network none watched:1 true
watch run --rm watched:1 true
watch run -d --name watched -p 127.0.0.1::80 watched:1 sh -c 'echo ready; sleep 1000'
watch exec watched true
watch ps
watch logs watched
watch rm -f watched
FOLLOW=1 watch run -d --rm --network none --name watched watched:1 sh -c 'sleep 0.2; echo ready; echo no >&2; sleep 0.2'

awk '!seen[$0]++' "$work/order" >"$repo/src/Skiff/start-order.txt"
say "src/Skiff/start-order.txt: $(wc -l <"$repo/src/Skiff/start-order.txt") functions; scripts/build.sh uses them"
