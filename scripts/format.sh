#!/bin/bash
# Formats the C# sources with CSharpier (version pinned in .config/dotnet-tools.json). Usage: scripts/format.sh [--check]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
have_sdk || die "the .NET 10 SDK is needed"
cd "$repo"
dotnet tool restore --verbosity quiet >/dev/null
case ${1:-} in
  '') dotnet csharpier format src test ;;
  --check) dotnet csharpier check src test ;;
  *) die "usage: scripts/format.sh [--check]" ;;
esac
