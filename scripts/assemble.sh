#!/usr/bin/env bash
# Assembles the trampoline, the init, the list of calls and the calls of the interpreter of src/Skiff.Linux/Spawning/asm into MachineCode.cs (needs binutils and binutils-aarch64-linux-gnu).
#   assemble.sh          rewrites MachineCode.cs
#   assemble.sh --check  fails when MachineCode.cs is not what the sources say
set -euo pipefail
cd "$(dirname "$0")/../src/Skiff.Linux/Spawning"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bytes() { # AS-PREFIX SOURCE
  "${1}as" -o "$work/o" "asm/$2.S"
  "${1}objcopy" -O binary -j .text "$work/o" "$work/bin"
  od -An -v -tx1 -w16 "$work/bin" | sed -E 's/ ([0-9a-f]{2})/0x\1, /g; s/^/        /; s/ +$//'
}
emit() { # NAME SUMMARY AS-PREFIX SOURCE
  printf '\n    /// <summary>%s</summary>\n    // csharpier-ignore\n    internal static ReadOnlySpan<byte> %s =>\n    [\n%s\n    ];\n' "$2" "$1" "$(bytes "$3" "$4")"
}
{
  cat <<'H'
namespace Skiff.Linux.Spawning;

/// <summary>Machine code made from <c>asm/*.S</c> by <c>scripts/assemble.sh</c>, which a test repeats; do not edit.</summary>
internal static class MachineCode
{
H
  {
    emit TrampolineX64 "asm/trampoline.x64.S" "" trampoline.x64
    emit InitX64 "asm/init.x64.S, to stand before the trampoline" "" init.x64
    emit TrampolineArm64 "asm/trampoline.arm64.S" aarch64-linux-gnu- trampoline.arm64
    emit InitArm64 "asm/init.arm64.S, to stand before the trampoline" aarch64-linux-gnu- init.arm64
    emit CallsX64 "asm/calls.x64.S" "" calls.x64
    emit CallsArm64 "asm/calls.arm64.S" aarch64-linux-gnu- calls.arm64
    emit SpawnX64 "asm/spawn.x64.S" "" spawn.x64
    emit SpawnArm64 "asm/spawn.arm64.S" aarch64-linux-gnu- spawn.arm64
  } | tail -n +2
  echo '}'
} >"$work/MachineCode.cs"
if [ "${1:-}" = --check ]; then
  diff -w MachineCode.cs "$work/MachineCode.cs"
else
  cp "$work/MachineCode.cs" MachineCode.cs
fi
