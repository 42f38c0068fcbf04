#!/bin/bash
# Builds artifacts/skiff: one native executable. Installs the C linker if it is missing; the .NET 10 SDK must be there (scripts/quickstart.sh
# installs that too). Usage: scripts/build.sh [--arch amd64|arm64]
#   --arch  builds for that architecture; for another than this machine's the result is artifacts/skiff-ARCH
set -euo pipefail
. "$(dirname "$0")/lib.sh"
arch=$(own_arch)
if [ "${1:-}" = --arch ]; then
  arch=${2:-}
  need_arch "$arch"
  shift 2
fi
[ $# -eq 0 ] || die "usage: scripts/build.sh [--arch amd64|arm64]"
case $arch in
  amd64) target=linux-x64 triplet=x86_64-linux-gnu ;;
  arm64) target=linux-arm64 triplet=aarch64-linux-gnu ;;
esac
prefix=
[ "$arch" = "$(own_arch)" ] || prefix=$triplet-

have_sdk || die "the .NET 10 SDK is needed: 'apt-get install dotnet-sdk-10.0' where the distribution has it (Ubuntu 24.04 and newer), else https://dotnet.microsoft.com/download"
# gcc is the linker driver; its libc6-dev has the start files, binutils the objcopy that moves debug symbols out of the binary.
missing=()
if [ -z "$prefix" ]; then
  command -v gcc >/dev/null || missing+=(gcc)
  command -v objcopy >/dev/null || missing+=(binutils)
  [ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
  [ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
else
  # The other architecture's linker and start files; Debian's names of these packages have no underscore.
  command -v "${prefix}gcc" >/dev/null || missing+=("gcc-${triplet//_/-}")
  command -v "${prefix}objcopy" >/dev/null || missing+=("binutils-${triplet//_/-}")
  [ -e "/usr/$triplet/include/stdlib.h" ] || missing+=("libc6-dev-$arch-cross")
fi
[ "${#missing[@]}" -eq 0 ] || install_packages "the native link" "${missing[@]}"

mkdir -p "$artifacts"
out=$(mktemp -d "$artifacts/.publish.XXXXXX")
trap 'rm -rf "$out"' EXIT
say "publishing for $target"
# The analyzers run in 'dotnet build' and in scripts/test.sh; here they would only be slow.
if ! dotnet publish "$repo/src/Skiff/Skiff.csproj" -c Release -r "$target" -o "$out" -v quiet -p:UseSharedCompilation=false -p:RunAnalyzers=false \
  "-p:CrossPrefix=$prefix" >"$out/log" 2>&1 </dev/null; then
  cat "$out/log" >&2
  die "the publish failed"
fi
if grep -E '(warning|error) [A-Z]+[0-9]+' "$out/log" >&2; then die "the publish must be free of warnings"; fi

# The old binary may be running: replace the name, never the file.
binary=$(binary_of "$arch")
mv -f "$out/skiff" "$binary"
[ ! -e "$out/skiff.dbg" ] || mv -f "$out/skiff.dbg" "$binary.dbg"
size=$(stat -c %s "$binary")
say "artifacts/${binary##*/}: $(awk -v b="$size" 'BEGIN { printf "%.1f MB", b / 1e6 }') ($size bytes)"
