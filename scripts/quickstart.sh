#!/bin/bash
# From a fresh Debian 12 or Ubuntu to a running container: installs what is missing, builds Skiff, installs /usr/local/bin/skiff,
# pulls an image and runs a command in it. May be repeated. Usage: scripts/quickstart.sh [--uninstall [--volumes]]
#   --uninstall  removes Skiff, its images and containers, and every package and cache that this script brought; --volumes the volumes too
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
target=/usr/local/bin/skiff
memory=/usr/local/share/skiff-quickstart # what was here before, for --uninstall
caches=("$HOME/.nuget" "$HOME/.dotnet" "$HOME/.local/share/NuGet" "$HOME/.local/share" "$HOME/.local" "$HOME/.templateengine" /tmp/.dotnet)

installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }' | sort; }

# bring WHY NAME...: install_packages that remembers what came with it.
bring() {
  local why=$1
  shift
  [ -n "$(missing_packages "$@")" ] || return 0
  installed >"$memory/before"
  install_packages "$why" "$@"
  installed | comm -13 "$memory/before" - >>"$memory/packages"
  rm "$memory/before"
}

# /proc shows the links of the caller's network namespace, which /sys need not do.
have_bridge() { grep -q '^ *skiff0:' /proc/net/dev; }

install_sdk() {
  ! have_sdk || return 0
  apt_get update
  apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1 || die "the .NET 10 SDK is needed and this distribution does not package it: see https://learn.microsoft.com/dotnet/core/install/linux, then run this again"
  bring "building" dotnet-sdk-10.0
  have_sdk || die "dotnet-sdk-10.0 was installed but 'dotnet --list-sdks' does not name a version 10"
}

uninstall() {
  need_root "to uninstall"
  if [ -x "$target" ]; then
    local volumes container
    volumes=$({ find /var/lib/skiff/volumes -mindepth 1 -maxdepth 1 2>/dev/null || true; } | wc -l)
    [ "$volumes" -eq 0 ] || [ "${1:-}" = --volumes ] || die "$volumes volumes with data are in /var/lib/skiff/volumes; say --uninstall --volumes to delete them too"
    for container in $("$target" ps -aq 2>/dev/null || true); do "$target" rm -f "$container" >/dev/null || note "container $container could not be removed"; done
  fi
  if grep -q " /var/lib/skiff/" /proc/self/mounts; then die "something is still mounted below /var/lib/skiff (see /proc/self/mounts); nothing was deleted"; fi
  # A process that Skiff left behind takes the idle bridge, its tables and forwarding back, by what stands in /run/skiff: the list of settings goes last.
  for _ in $(seq 300); do
    have_bridge || [ -e /run/skiff/networks/.restore ] || break
    sleep 0.1
  done
  ! have_bridge || note "the bridge skiff0 is still there: 'ip link delete skiff0', 'nft delete table inet skiff', and a reboot does both"
  rm -rf --one-file-system /var/lib/skiff /run/skiff
  find /sys/fs/cgroup -maxdepth 2 -type d -name skiff -exec rmdir {} + 2>/dev/null || true
  rm -f "$target"
  rm -rf "$artifacts"
  find "$repo/src" "$repo/test" -depth -type d \( -name bin -o -name obj \) -exec rm -rf {} + 2>/dev/null || true
  if [ -s "$memory/packages" ]; then
    local packages extra
    mapfile -t packages < <(sort -u "$memory/packages" | while read -r name; do ! have_package "$name" || echo "$name"; done)
    if [ "${#packages[@]}" -gt 0 ]; then
      # Only what came with us may go: not what was built upon it since.
      extra=$(apt-get -s purge "${packages[@]}" 2>/dev/null | awk '$1 == "Purg" || $1 == "Remv" { print $2 }' | sort -u | comm -13 <(printf '%s\n' "${packages[@]}" | sort -u) -)
      if [ -z "$extra" ]; then
        say "removing the packages that the quick start had installed (${#packages[@]})"
        export DEBIAN_FRONTEND=noninteractive
        apt_get purge -y "${packages[@]}"
      else
        note "left installed, because other packages now need them: ${packages[*]}"
      fi
    fi
  fi
  if [ -s "$memory/caches" ]; then
    while read -r directory; do
      case $directory in
        "$HOME/.local" | "$HOME/.local/share") rmdir "$directory" 2>/dev/null || true ;; # others may have come to live there
        "$HOME"/?* | /tmp/.dotnet) rm -rf --one-file-system "$directory" ;;
      esac
    done <"$memory/caches"
  fi
  rm -rf "$memory"
  say "Skiff is gone; only this source tree is left: $repo"
}

cleanup() {
  stop_registry
  [ -z "${work:-}" ] || rm -rf "$work"
}

# run_in IMAGE: the main job, shown as one would type it.
run_in() {
  # shellcheck disable=SC2016 # the container's shell expands it
  local command='echo "Hello from a container: $(uname -sr), process $$ of $(hostname), user $(id -un)"'
  echo "\$ skiff run --rm $1 sh -c '$command'"
  "$target" run --rm "$1" sh -c "$command" </dev/null || die "the container did not run; 'skiff run --trace $1 true' shows how far it came"
}

case ${1:-} in
  '') ;;
  --uninstall)
    uninstall "${2:-}"
    exit 0
    ;;
  *) die "usage: scripts/quickstart.sh [--uninstall [--volumes]]" ;;
esac
need_root "to install Skiff and to run a container"
mkdir -p "$memory"
if [ ! -e "$memory/caches" ]; then
  for directory in "${caches[@]}"; do [ -e "$directory" ] || echo "$directory"; done >"$memory/caches"
fi
install_sdk
bring "the native link" gcc libc6-dev binutils zlib1g-dev
bring "verifying registries" ca-certificates
# What the SDK leaves in a directory for temporary files goes with this one.
work=$(mktemp -d)
trap cleanup EXIT
TMPDIR=$work "$repo/scripts/build.sh"
install -m 755 "$artifacts/skiff" "$target.new"
mv -f "$target.new" "$target" # a rename: the old one may be running
say "installed $target: $("$target" version | head -1)"

image=docker.io/library/alpine
echo "\$ skiff pull $image"
if timeout 180 "$target" pull "$image" </dev/null; then
  run_in alpine
else
  say "Docker Hub cannot be reached from here (see the line above). The same with a registry on this machine:"
  bring "a registry on loopback" docker-registry busybox-static curl
  start_registry "$work/registry"
  busybox_tar "$work/busybox.tar"
  push_image library/busybox latest gzip "$work/busybox.tar"
  image=$registry_address/library/busybox
  echo "\$ skiff pull $image"
  "$target" pull "$image" </dev/null
  run_in "$image"
fi
cat <<END

Type next:
  skiff run -it --rm $image sh            a shell in a container
  skiff run --rm -m 64m --cpus 0.5 $image sh -c 'cat /proc/self/cgroup'
  skiff explain run $image true           every step of a start, with its reason and its system calls
  skiff images                            what was pulled
  skiff --help                            everything else
  scripts/quickstart.sh --uninstall       take it all away again
END
