#!/bin/bash
# Measures whole processes of Skiff beside whichever of crun, runc, podman, docker and containerd is installed, and beside two lower bounds: a C program with the
# same system calls (test/bench/bound.c), and curl | tee | pigz | tar for pulls. Interleaved rounds; medians and ratios to Skiff.
#   scripts/bench.sh [--rounds N] [--pull-mb MB] [--install-peers] [start|run|detached|pull]...      (default: all)
# Everything happens in namespaces of its own on a fresh ext4 in a loop file on tmpfs; nothing stays on the machine but packages that --install-peers brings.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
rounds=20 pull_mb=1000 peers='' parts=()
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=${2:?} && shift ;;
    --pull-mb) pull_mb=${2:?} && shift ;;
    --install-peers) peers=1 ;;
    start | run | detached | pull) parts+=("$1") ;;
    *) die "usage: scripts/bench.sh [--rounds N] [--pull-mb MB] [--install-peers] [start|run|detached|pull]..." ;;
  esac
  shift
done
[ "${#parts[@]}" -gt 0 ] || parts=(start run detached pull)
need_root "for containers, loop devices and namespaces"

if [ -z "${SKIFF_BENCH_INSIDE:-}" ]; then
  install_packages "the benchmarks" gcc libc6-dev docker-registry busybox-static curl pigz zstd e2fsprogs iproute2 util-linux
  [ -z "$peers" ] || install_packages "the peers" crun runc podman netavark aardvark-dns golang-github-containers-common docker.io containerd iptables
  [ -x "$artifacts/skiff" ] || "$repo/scripts/build.sh"
  # A network and a mount table of its own: what peers leave there goes with the last process.
  outside=$(mktemp -d)
  trap 'exit 143' INT TERM HUP
  # Its processes too: whatever ends this script ends daemons and containers with it.
  SKIFF_BENCH_INSIDE=$outside unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private -- "$0" "${arguments[@]}" &
  status=0
  trap 'kill -KILL $! 2>/dev/null || true; wait $! 2>/dev/null || true; rmdir "$outside"' EXIT
  wait $! || status=$?
  exit "$status"
fi

ip link set lo up
mount -t tmpfs -o mode=755 run /run # where daemons leave their sockets
# crun refuses a hybrid host, and a cgroup that one runtime has not and another has is no fair race: version 1 for all where both are mounted.
! grep -q ' /sys/fs/cgroup/unified cgroup2 ' /proc/mounts || umount /sys/fs/cgroup/unified
work=$SKIFF_BENCH_INSIDE
docker_pid='' containerd_pid='' podman=()
cleanup() {
  local pid id
  [ -z "${detached:-}" ] || for id in $("${skiff[@]}" ps -aq 2>/dev/null || true); do "${skiff[@]}" rm -f "$id" >/dev/null 2>&1 || true; done
  [ "${#podman[@]}" -eq 0 ] || ! have podman || "${podman[@]}" rm -af >/dev/null 2>&1 || true
  for pid in $docker_pid $containerd_pid; do { kill "$pid" && wait "$pid"; } 2>/dev/null || true; done
  stop_registry
  # The parents of the peers' cgroups; those that somebody else's daemon uses are not empty and stay.
  find /sys/fs/cgroup -depth -path '/sys/fs/cgroup/*/*' \( -path '*/docker*' -o -path '*/libpod_parent*' \) -type d -exec rmdir {} \; 2>/dev/null || true
  umount -l /etc 2>/dev/null || true
  umount -R "$work" 2>/dev/null || umount -Rl "$work" || true
}
have() { command -v "$1" >/dev/null 2>&1; }
trap cleanup EXIT
mount -t tmpfs -o size=90%,mode=700 bench "$work"
truncate -s $((pull_mb * 8 + 4000))M "$work/disk"
mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$work/disk"
mkdir "$work/fs"
mount -o loop "$work/disk" "$work/fs"
fs=$work/fs
skiff=("$artifacts/skiff" --root "$fs/skiff" --runroot "$work/skiff-run")
mkdir "$work/etc" "$work/etc.work"
mount -t overlay -o "lowerdir=/etc,upperdir=$work/etc,workdir=$work/etc.work" etc /etc # dockerd writes a key there
gcc -O2 -o "$work/rounds" "$repo/test/bench/rounds.c"
gcc -O2 -o "$work/bound" "$repo/test/bench/bound.c"
gcc -O2 -o "$work/use" "$repo/test/bench/use.c"

# table TITLE < lines of rounds: medians and the ratio of the first line to each.
table() {
  printf '\n%s\n%-34s %10s %10s %10s %12s\n' "$1" '' 'wall ms' 'cpu ms' 'RSS MiB' 'skiff is'
  awk -F'\t' 'NR == 1 { first = $2 } { printf "%-34s %10.2f %10.2f %10.1f %11.3fx\n", $1, $2, $3, $4 / 1024, ($2 > 0 ? first / $2 : 0) }'
}
# measure TITLE FILE: back to back, then after half a second of quiet before each.
measure() {
  "$work/rounds" -n "$rounds" "$2" >"$work/result"
  table "$1, back to back ($rounds rounds)" <"$work/result"
  "$work/rounds" -n $((rounds < 10 ? rounds : 10)) -q 500 "$2" >"$work/result"
  table "$1, after 0.5 s of quiet" <"$work/result"
}
# line NAME COMMAND...: adds a command to the file of a measurement, if it works at all.
line() {
  local name=$1
  shift
  if timeout -k 2 60 "$@" >"$work/try" 2>&1 </dev/null; then
    printf '%s\t%s\n' "$name" "$*" >>"$work/commands"
  else
    note "$name left out: $(tail -1 "$work/try" | cut -c1-160)"
  fi
}

start_docker() {
  [ -z "$docker_pid" ] || return 0
  [ -z "${docker_failed:-}" ] && have dockerd || return 1
  dockerd --data-root "$fs/docker" --exec-root "$work/docker-run" -p "$work/docker.pid" -H "unix://$work/docker.sock" --log-level error >"$work/docker.log" 2>&1 </dev/null &
  docker_pid=$!
  for _ in $(seq 300); do
    docker -H "unix://$work/docker.sock" info >/dev/null 2>&1 && return 0
    kill -0 "$docker_pid" 2>/dev/null || break
    sleep 0.1
  done
  docker_pid='' docker_failed=1
  note "docker left out: dockerd does not start here: $(tail -1 "$work/docker.log" | cut -c1-160)"
  return 1
}
start_containerd() {
  [ -z "$containerd_pid" ] || return 0
  have containerd && have ctr || return 1
  printf 'version = 2\nroot = "%s"\nstate = "%s"\n[grpc]\naddress = "%s"\n' "$fs/containerd" "$work/containerd-state" "$work/containerd.sock" >"$work/containerd.toml"
  containerd -c "$work/containerd.toml" -l error >"$work/containerd.log" 2>&1 </dev/null &
  containerd_pid=$!
  for _ in $(seq 100); do
    ! ctr -a "$work/containerd.sock" version >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  return 1
}
# podman asks for more open files and processes than this user may have.
limits=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit "nproc=$(ulimit -Hu):$(ulimit -Hu)")
docker=(docker -H "unix://$work/docker.sock")
podman=(podman --cgroup-manager cgroupfs --events-backend file --root "$fs/podman" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp")

bench_start() {
  : >"$work/commands"
  cat >"$work/hello.c" <<'C'
int main(void) { return 0; }
C
  gcc -O2 -o "$work/hello" "$work/hello.c"
  line 'skiff version' "$artifacts/skiff" version
  line 'empty C program' "$work/hello"
  if have_sdk; then
    mkdir -p "$work/aot" && cat >"$work/aot/hello.csproj" <<'X'
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><PublishAot>true</PublishAot><InvariantGlobalization>true</InvariantGlobalization></PropertyGroup></Project>
X
    echo 'System.Console.WriteLine("hello");' >"$work/aot/p.cs"
    # Registries are out of reach in this network namespace; the packages are there since the build of Skiff.
    if dotnet publish "$work/aot/hello.csproj" -c Release -r "$(rid)" -o "$work/aot/out" -v quiet >"$work/aot.log" 2>&1 </dev/null; then
      line 'NativeAOT hello world' "$work/aot/out/hello"
    else
      note "NativeAOT hello world left out: $(grep -m1 error "$work/aot.log" | cut -c1-160)"
    fi
  fi
  for peer in crun runc podman docker; do ! have $peer || line "$peer --version" $peer --version; done
  measure 'Start of the program (goal: version 1.5x of the NativeAOT hello world)' "$work/commands"
}

bench_run() {
  local image=$registry_address/library/busybox
  "${skiff[@]}" pull -q "$image" >/dev/null
  mkdir -p "$fs/lower" "$fs/scratch" "$fs/bundle/rootfs"
  tar -C "$fs/lower" -xf "$work/busybox.tar"
  tar -C "$fs/bundle/rootfs" -xf "$work/busybox.tar"
  : >"$work/commands"
  line 'skiff run --network none' "${skiff[@]}" run --rm --network none "$image" true
  line 'lower bound in C' "$work/bound" "$fs/lower" "$fs/scratch" /bin/true
  for peer in crun runc; do
    have $peer || continue
    (cd "$fs/bundle" && rm -f config.json && $peer spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"\/bin\/true"/' config.json) || continue
    cp "$fs/bundle/config.json" "$work/$peer.json"
    mkdir -p "$fs/$peer" && rm -rf "$fs/$peer/rootfs" && cp -a "$fs/bundle/rootfs" "$fs/$peer/" && cp "$work/$peer.json" "$fs/$peer/config.json"
    line "$peer run (same tree, no overlay)" $peer --root "$work/$peer-run" run -b "$fs/$peer" bench
  done
  if have podman && "${podman[@]}" pull -q --tls-verify=false "$image" >/dev/null 2>&1; then
    line 'podman run --network none' "${podman[@]}" run --rm "${limits[@]}" --network none "$image" true
  fi
  if start_docker; then
    ! "${docker[@]}" pull -q "$image" >/dev/null 2>&1 || line 'docker run --network none' "${docker[@]}" run --rm --network none "$image" true
  fi
  measure 'run --rm … true, no network (goals: crun 0.75x, after quiet 0.4x; podman, docker 0.05x; bound 2.2x; RSS 12 MiB)' "$work/commands"
  if ! "${skiff[@]}" run --rm "$image" ip -4 address show eth0 2>/dev/null </dev/null | grep -q inet; then
    note 'the default bridge left out: the container got no address'
    return 0
  fi
  : >"$work/commands"
  line 'skiff run, bridge' "${skiff[@]}" run --rm "$image" true
  ! have podman || line 'podman run, bridge' "${podman[@]}" run --rm "${limits[@]}" --network bridge "$image" true
  [ -z "$docker_pid" ] || line 'docker run, bridge' "${docker[@]}" run --rm "$image" true
  measure 'run --rm … true, default bridge (goals: podman, docker 0.04x)' "$work/commands"
}

# With containers that stay: exec, listing, and a start with its removal.
bench_detached() {
  local image=$registry_address/library/busybox id cli ulimit
  "${skiff[@]}" pull -q "$image" >/dev/null
  if ! timeout -k 2 20 "${skiff[@]}" run -d --name bench --network none "$image" sleep 1000 >"$work/try" 2>&1 </dev/null; then
    note "containers in the background left out: $(tail -1 "$work/try" | cut -c1-160)"
    return 0
  fi
  detached=1
  : >"$work/commands"
  line 'skiff exec true' "${skiff[@]}" exec bench true
  if have podman && "${podman[@]}" pull -q --tls-verify=false "$image" >/dev/null 2>&1 && "${podman[@]}" run -d "${limits[@]}" --name bench --network none "$image" sleep 1000 >/dev/null 2>&1 </dev/null; then
    line 'podman exec true' "${podman[@]}" exec bench true
  fi
  if start_docker && "${docker[@]}" run -d --name bench --network none "$image" sleep 1000 >/dev/null 2>&1 </dev/null; then
    line 'docker exec true' "${docker[@]}" exec bench true
  fi
  cp "$work/commands" "$work/present"
  measure 'exec true (goals: podman, docker 0.067x)' "$work/commands"
  : >"$work/commands"
  line 'skiff ps' "${skiff[@]}" ps -a
  ! grep -q '^podman' "$work/present" || line 'podman ps' "${podman[@]}" ps -a
  ! grep -q '^docker' "$work/present" || line 'docker ps' "${docker[@]}" ps -a
  measure 'ps -a with one container (goals: podman, docker 0.2x)' "$work/commands"
  : >"$work/commands"
  for id in skiff podman docker; do
    ulimit=()
    case $id in
      skiff) cli=("${skiff[@]}") ;;
      podman) cli=("${podman[@]}") ulimit=("${limits[@]}") ;;
      docker) cli=("${docker[@]}") ;;
    esac
    grep -q "^$id exec" "$work/present" || continue
    # shellcheck disable=SC2016 # the written script expands it
    printf '#!/bin/sh\nid=$(%s run -d --network none %s sleep 1000 </dev/null) && exec %s rm -f "$id"\n' "${cli[*]}" "${ulimit[*]-} $image" "${cli[*]}" >"$work/turn-$id"
    chmod 755 "$work/turn-$id"
    line "$id run -d and rm -f" "$work/turn-$id"
  done
  measure 'run -d and rm -f, no network (goals: podman, docker 0.067x)' "$work/commands"
  bench_monitors
}

# A log of 100 MB, against what reading the file alone costs; and what the monitors of fifty containers keep in memory.
bench_monitors() {
  local image=$registry_address/library/busybox id pid pids=''
  id=$("${skiff[@]}" run -d --network none --log-opt max-size=1g "$image" sh -c 'yes "a line of a log, as long as such lines are on the average" | head -n 1000000' </dev/null)
  "${skiff[@]}" wait "$id" >/dev/null
  : >"$work/commands"
  line 'skiff logs' "${skiff[@]}" logs "$id"
  line 'cat of the file' cat "$fs/skiff/containers/$id/log.json"
  note "the log: $(($(stat -c %s "$fs/skiff/containers/$id/log.json") / 1000000)) MB for 58 MB of output"
  measure 'a million lines of a log (goal: cat 3x)' "$work/commands"
  "${skiff[@]}" rm -f "$id" >/dev/null
  for _ in $(seq 50); do "${skiff[@]}" run -d --network none "$image" sleep 1000 >/dev/null </dev/null; done
  for pid in /proc/[0-9]*; do
    ! tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -q "$work/skiff-run monitor " || pids="$pids $pid/smaps_rollup"
  done
  # shellcheck disable=SC2086 # a list of files without spaces
  awk '/^Pss:/ { pss += $2 } /^Private_Dirty:/ { own += $2 } END { printf "\nmonitors of %d containers: PSS %.0f KiB each, %.0f of it their own (goal: 1536)\n", ARGC - 1, pss / (ARGC - 1), own / (ARGC - 1) }' $pids
}

# layers: cuts this machine's /usr without its largest files into nine tars of about the same size.
layers() {
  find /usr -xdev \( -type d -o -type f -o -type l \) -size -1024k -printf '%s\t%p\n' 2>/dev/null | grep -vE '^[0-9]+	/usr/(src|local)/' | sort -t"$(printf '\t')" -k2 |
    awk -F'\t' -v total=$((pull_mb * 1000000)) -v dir="$work" '{ sum += $1 + 512; if (sum <= total) print $2 > (dir "/list." int(sum * 9 / (total + 1))) }'
  for list in "$work"/list.*; do tar -cf "$fs/layer.${list##*.}.tar" -C / --no-recursion -T "$list" 2>/dev/null; done
  note "the image: $(cat "$work"/list.* | wc -l) entries, $(du -cm "$fs"/layer.*.tar | tail -1 | cut -f1) MB in $(find "$work" -name 'list.*' | wc -l) layers"
}

# bound_pull REPOSITORY: what fetching and unpacking costs with the quickest ordinary tools, all layers at once, without checking anything.
bound_pull() {
  local unpack='pigz -dc' digest
  [ "$1" != multi/zstd ] || unpack='zstd -dcq'
  rm -rf "$fs/bound" && mkdir "$fs/bound"
  for digest in $(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry_address/v2/$1/manifests/latest" | grep -o '+[a-z]*","digest":"sha256:[0-9a-f]*' | grep -v json | sed 's/.*"//'); do
    mkdir "$fs/bound/${digest#sha256:}.d"
    curl -fsS "http://$registry_address/v2/$1/blobs/$digest" | tee "$fs/bound/${digest#sha256:}" | $unpack | tar -x -C "$fs/bound/${digest#sha256:}.d" &
  done
  wait
}

bench_pull() {
  layers
  local kind image n=$((rounds < 3 ? rounds : 3))
  export registry_address fs
  export -f bound_pull
  for kind in gzip zstd; do
    push_image "multi/$kind" latest "$kind" "$fs"/layer.*.tar
    image=$registry_address/multi/$kind
    rm -f "$work"/pull.*
    for _ in $(seq "$n"); do
      once skiff 'rm -rf '"$fs/skiff-pull" "$artifacts/skiff" --root "$fs/skiff-pull" --runroot "$work/skiff-run" pull -q "$image"
      once 'curl | tee | decompress | tar' true bash -c "bound_pull multi/$kind"
      if have podman; then once podman "rm -rf $fs/podman-pull" podman --root "$fs/podman-pull" --runroot "$work/podman-pull" pull -q --tls-verify=false "$image"; fi
      if start_containerd; then
        once ctr "ctr -a $work/containerd.sock images ls -q | xargs -r ctr -a $work/containerd.sock images rm --sync" ctr -a "$work/containerd.sock" images pull --plain-http "$image:latest"
      fi
      if start_docker; then once docker "${docker[*]} image prune -af" "${docker[@]}" pull -q "$image"; fi
    done
    # Skiff first: the ratios are to it.
    for name in "$work/pull.skiff" $(find "$work" -name 'pull.*' ! -name pull.skiff | sort); do
      sort -t"$(printf '\t')" -k2 -n "$name" | awk -v n="$(wc -l <"$name")" 'NR == int((n + 1) / 2)'
    done >"$work/result"
    table "pull of $kind layers into an empty store ($n rounds; with the daemon's CPU and peak memory; goals: podman 0.25x and 0.3x of its CPU, docker 0.12x, ctr 0.3x, bound 0.7x, RSS 80 MiB)" <"$work/result"
  done
}
# daemon_use PID: CPU milliseconds and peak KiB of a daemon, its children included as far as it waited for them or they still run.
daemon_use() {
  local pid
  for pid in "$1" $(pgrep -P "$1" || true); do
    awk '{ sub(/.*[)] /, ""); print ($12 + $13 + $14 + $15) * 10 }' "/proc/$pid/stat" 2>/dev/null || true
  done | awk '{ sum += $1 } END { printf "%d ", sum }'
  awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"
}

# once NAME PREPARE COMMAND...: one timed pull.
once() {
  local name=$1 prepare=$2 file daemon='' before after
  shift 2
  bash -c "$prepare" >/dev/null 2>&1 || true
  sync -f "$fs"
  case $name in docker) daemon=$docker_pid ;; ctr) daemon=$containerd_pid ;; esac
  [ -z "$daemon" ] || before=$(daemon_use "$daemon")
  file="$work/pull.${name%% *}"
  if "$work/use" "$@" 2>"$work/try" >"$work/used" </dev/null; then
    [ -z "$daemon" ] || {
      after=$(daemon_use "$daemon")
      awk -F'\t' -v OFS='\t' -v cpu=$((${after% *} - ${before% *})) -v rss="${after#* }" '{ print $1, $2 + cpu, ($3 > rss ? $3 : rss) }' "$work/used" >"$work/used.all"
      mv "$work/used.all" "$work/used"
    }
    printf '%s\t%s\n' "$name" "$(cat "$work/used")" >>"$file"
  else
    note "$name left out of a round: $(tail -1 "$work/try" | cut -c1-160)"
  fi
}

start_registry "$fs/registry"
busybox_tar "$work/busybox.tar"
push_image library/busybox latest gzip "$work/busybox.tar"
say "$(uname -sr), $(nproc) processors, $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo); $("$artifacts/skiff" version | head -1), $(stat -c %s "$artifacts/skiff" | awk '{ printf "%.1f MB", $1 / 1e6 }')"
for part in "${parts[@]}"; do "bench_$part"; done
