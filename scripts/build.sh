#!/bin/bash
# Builds artifacts/skiff: one native executable. Installs the C linker if it is missing; the .NET 10 SDK must be there (scripts/quickstart.sh
# installs that too). Usage: scripts/build.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[ $# -eq 0 ] || die "takes no arguments"

have_sdk || die "the .NET 10 SDK is needed: 'apt-get install dotnet-sdk-10.0' where the distribution has it (Ubuntu 24.04 and newer), else https://dotnet.microsoft.com/download"
# gcc is the linker driver; its libc6-dev has the start files, binutils the objcopy that moves debug symbols out of the binary.
missing=()
command -v gcc >/dev/null || missing+=(gcc)
command -v objcopy >/dev/null || missing+=(binutils)
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
[ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
[ "${#missing[@]}" -eq 0 ] || install_packages "the native link" "${missing[@]}"

mkdir -p "$artifacts"
out=$(mktemp -d "$artifacts/.publish.XXXXXX")
trap 'rm -rf "$out"' EXIT
say "publishing for $(rid)"
# The analyzers run in 'dotnet build' and in scripts/test.sh; here they would only be slow.
if ! dotnet publish "$repo/src/Skiff/Skiff.csproj" -c Release -r "$(rid)" -o "$out" -v quiet -p:UseSharedCompilation=false -p:RunAnalyzers=false \
  >"$out/log" 2>&1 </dev/null; then
  cat "$out/log" >&2
  die "the publish failed"
fi
if grep -E '(warning|error) [A-Z]+[0-9]+' "$out/log" >&2; then die "the publish must be free of warnings"; fi

# The old binary may be running: replace the name, never the file.
mv -f "$out/skiff" "$artifacts/skiff"
[ ! -e "$out/skiff.dbg" ] || mv -f "$out/skiff.dbg" "$artifacts/skiff.dbg"
size=$(stat -c %s "$artifacts/skiff")
say "artifacts/skiff: $(awk -v b="$size" 'BEGIN { printf "%.1f MB", b / 1e6 }') ($size bytes)"
