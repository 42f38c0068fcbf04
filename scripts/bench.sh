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
  inside=$! status=0
  # shellcheck disable=SC2317 # called by the trap
  leave() {
    local shell below=''
    # The shell inside cleans up when it is asked to end, once the command that it waits for has ended.
    # shellcheck disable=SC2013 # numbers in one line
    for shell in $(cat "/proc/$inside/task/$inside/children" 2>/dev/null); do
      below="$(cat "/proc/$shell/task/$shell/children" 2>/dev/null || true)"
      # shellcheck disable=SC2086 # several numbers
      kill -TERM "$shell" $below 2>/dev/null || true
    done
    for _ in $(seq 100); do kill -0 "$inside" 2>/dev/null || break; sleep 0.2; done
    kill -KILL "$inside" 2>/dev/null || true
    wait "$inside" 2>/dev/null || true
    rmdir "$outside"
  }
  trap leave EXIT
  wait "$inside" || status=$?
  exit "$status"
fi

ip link set lo up
mount -t tmpfs -o mode=755 run /run # where daemons leave their sockets
# crun refuses a hybrid host, and a cgroup that one runtime has not and another has is no fair race: version 1 for all where both are mounted.
! grep -q ' /sys/fs/cgroup/unified cgroup2 ' /proc/mounts || umount /sys/fs/cgroup/unified
work=$SKIFF_BENCH_INSIDE
docker_pid='' containerd_pid='' podman=()
cleanup() {
  local pid
  [ -z "${detached:-}" ] || "${skiff[@]}" ps -aq 2>/dev/null | xargs -r "${skiff[@]}" rm -f >/dev/null 2>&1 || true
  [ ! -d "$work/crun-run/stays" ] || crun --root "$work/crun-run" delete -f stays >/dev/null 2>&1 || true
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
trap 'exit 143' INT TERM HUP
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
gcc -O2 -o "$work/warm" "$repo/test/bench/warm.c"

# table TITLE COLUMN < lines of rounds: medians and the ratio of the first line to each, beside the goal (column 1: back to back, 2: after quiet).
table() {
  printf '\n%s\n%-38s %10s %10s %9s %10s %8s\n' "$1" '' 'wall ms' 'cpu ms' 'RSS MiB' 'skiff is' 'goal'
  awk -F'\t' -v column="${2:-1}" -v goals="$work/goals" '
    BEGIN { while ((getline line < goals) > 0) { split(line, g, "\t"); n = split(g[2], part, "/"); goal[g[1]] = part[column > n ? n : column] } }
    NR == 1 { first = $2 }
    { ratio = $2 > 0 ? first / $2 : 0
      printf "%-38s %10.2f %10.2f %9.1f %9.3fx", $1, $2, $3, $4 / 1024, ratio
      if (goal[$1] + 0 > 0) printf " %7.3fx %s", goal[$1], (ratio <= goal[$1] + 0 ? "ok" : "missed")
      print "" }'
}
# figure NAME VALUE GOAL UNIT: one number beside its goal.
figure() { awk -v name="$1" -v value="$2" -v goal="$3" -v unit="$4" 'BEGIN { printf "%-38s %10.2f %s (goal %s: %s)\n", name, value, unit, goal, (value <= goal + 0 ? "ok" : "missed") }'; }
# measure TITLE [ROUNDS]: the lines so far, back to back, then after half a second of quiet before each.
measure() {
  local n=${2:-$rounds}
  "$work/rounds" -n "$n" "$work/commands" >"$work/result" || return 0
  table "$1, back to back ($n rounds)" 1 <"$work/result"
  "$work/rounds" -n $((n < 10 ? n : 10)) -q 500 "$work/commands" >"$work/result" || return 0
  table "$1, after 0.5 s of quiet" 2 <"$work/result"
}
# once_measured TITLE ROUNDS: only back to back.
once_measured() {
  "$work/rounds" -n "$2" "$work/commands" >"$work/result" || return 0
  table "$1 ($2 rounds)" 1 <"$work/result"
}
new_lines() { : >"$work/commands" && : >"$work/goals"; }
# line NAME GOAL COMMAND...: adds a command to the next measurement, if it works at all. GOAL: what part of it Skiff may take; A/B with another after quiet; - for none.
# What must happen before and after each turn is in the variables $before and $after.
line() {
  local name=$1 goal=$2 ok=''
  shift 2
  sh -c "${before-}" >/dev/null 2>&1 </dev/null
  ! timeout -k 2 120 "$@" >"$work/try" 2>&1 </dev/null || ok=1
  sh -c "${after-}" >/dev/null 2>&1 </dev/null || true
  if [ -n "$ok" ]; then
    printf '%s\t%s\t%s\t%s\n' "$name" "$*" "${before:+$before >/dev/null 2>&1 </dev/null}" "${after:+$after >/dev/null 2>&1 </dev/null}" >>"$work/commands"
    printf '%s\t%s\n' "$name" "$goal" >>"$work/goals"
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
  new_lines
  cat >"$work/hello.c" <<'C'
int main(void) { return 0; }
C
  gcc -O2 -o "$work/hello" "$work/hello.c"
  line 'skiff version' - "$artifacts/skiff" version
  line 'empty C program' - "$work/hello"
  if have_sdk; then
    mkdir -p "$work/aot" && cat >"$work/aot/hello.csproj" <<'X'
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><PublishAot>true</PublishAot><InvariantGlobalization>true</InvariantGlobalization></PropertyGroup></Project>
X
    echo 'System.Console.WriteLine("hello");' >"$work/aot/p.cs"
    # Registries are out of reach in this network namespace; the packages are there since the build of Skiff.
    if dotnet publish "$work/aot/hello.csproj" -c Release -r "$(rid)" -o "$work/aot/out" -v quiet >"$work/aot.log" 2>&1 </dev/null; then
      line 'NativeAOT hello world' 1.5 "$work/aot/out/hello"
    else
      note "NativeAOT hello world left out: $(grep -m1 error "$work/aot.log" | cut -c1-160)"
    fi
  fi
  for peer in crun runc podman docker; do ! have $peer || line "$peer --version" - $peer --version; done
  measure 'Start of the program'
  figure 'size of the binary' "$(stat -c %s "$artifacts/skiff" | awk '{ print $1 / 1e6 }')" 15 MB
}

bench_run() {
  local image=$registry_address/library/busybox goal
  "${skiff[@]}" pull -q "$image" >/dev/null
  mkdir -p "$fs/lower" "$fs/scratch" "$fs/bundle/rootfs"
  tar -C "$fs/lower" -xf "$work/busybox.tar"
  tar -C "$fs/bundle/rootfs" -xf "$work/busybox.tar"
  new_lines
  line 'skiff run --network none' - "${skiff[@]}" run --rm --network none "$image" true
  line 'lower bound in C' 2.2 "$work/bound" "$fs/lower" "$fs/scratch" /bin/true
  for peer in crun runc; do
    have $peer || continue
    (cd "$fs/bundle" && rm -f config.json && $peer spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"\/bin\/true"/' config.json) || continue
    cp "$fs/bundle/config.json" "$work/$peer.json"
    mkdir -p "$fs/$peer" && rm -rf "$fs/$peer/rootfs" && cp -a "$fs/bundle/rootfs" "$fs/$peer/" && cp "$work/$peer.json" "$fs/$peer/config.json"
    goal=-
    [ $peer != crun ] || goal=0.75/0.4
    line "$peer run (same tree, no overlay)" $goal $peer --root "$work/$peer-run" run -b "$fs/$peer" bench
  done
  if have podman && "${podman[@]}" pull -q --tls-verify=false "$image" >/dev/null 2>&1; then
    line 'podman run --network none' 0.05 "${podman[@]}" run --rm "${limits[@]}" --network none "$image" true
  fi
  if start_docker; then
    ! "${docker[@]}" pull -q "$image" >/dev/null 2>&1 || line 'docker run --network none' 0.05 "${docker[@]}" run --rm --network none "$image" true
  fi
  measure 'run --rm … true, no network'
  figure 'peak memory of run' "$(awk -F'\t' 'NR == 1 { print $4 / 1024 }' "$work/result")" 12 MiB
  if ! "${skiff[@]}" run --rm "$image" ip -4 address show eth0 2>/dev/null </dev/null | grep -q inet; then
    note 'the default bridge left out: the container got no address'
    return 0
  fi
  new_lines
  line 'skiff run, bridge' - "${skiff[@]}" run --rm "$image" true
  ! have podman || line 'podman run, bridge' 0.04 "${podman[@]}" run --rm "${limits[@]}" --network bridge "$image" true
  [ -z "$docker_pid" ] || line 'docker run, bridge' 0.04 "${docker[@]}" run --rm "$image" true
  measure 'run --rm … true, default bridge'
}

# Each peer's command line, what it needs after "run", and how it removes at once.
cli_of() {
  ulimit=()
  case $1 in
    skiff) cli=("${skiff[@]}") ;;
    podman) cli=("${podman[@]}") ulimit=("${limits[@]}") ;;
    docker) cli=("${docker[@]}") ;;
  esac
  remove=("${cli[@]}" rm -f)
  [ "$1" != podman ] || remove+=(-t 0) # it would wait ten seconds for a polite end
}
goal_of() { [ "$1" = skiff ] && echo - || echo "$2"; }
# many NAME COUNT PARALLEL: a script that starts COUNT containers on the default network.
many() {
  cli_of "$1"
  # shellcheck disable=SC2016 # the written script expands it
  printf '#!/bin/sh\nseq %d | xargs -P %d -I{} %s run -d --name many{} %s sleep 1000 >/dev/null\n' "$2" "$3" "${cli[*]}" "${ulimit[*]-} $image" >"$work/many-$1-$3"
  printf '#!/bin/sh\nseq -f many%%g %d | xargs %s >/dev/null 2>&1\n' "$2" "${remove[*]}" >"$work/few-$1"
  chmod 755 "$work/many-$1-$3" "$work/few-$1"
}
# pss PATTERN: KiB of memory, shared pages by their part, of the processes whose command line matches; only this namespace's processes are seen.
pss() {
  local pid sum=0
  for pid in $(pgrep -f "$1" || true); do sum=$((sum + $(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0))); done
  echo "$sum"
}

# With containers that stay.
bench_detached() {
  local image=$registry_address/library/busybox who present=(skiff) cli ulimit remove port=18080 before='' after='' alone beside
  "${skiff[@]}" pull -q "$image" >/dev/null
  detached=1
  "${skiff[@]}" run -d --name bench --network none "$image" sleep 100000 >/dev/null </dev/null
  if have podman && "${podman[@]}" pull -q --tls-verify=false "$image" >/dev/null 2>&1; then
    ! "${podman[@]}" run -d "${limits[@]}" --name bench --network none "$image" sleep 100000 >"$work/try" 2>&1 </dev/null || present+=(podman)
  fi
  if start_docker && "${docker[@]}" pull -q "$image" >/dev/null 2>&1; then
    ! "${docker[@]}" run -d --name bench --network none "$image" sleep 100000 >"$work/try" 2>&1 </dev/null || present+=(docker)
  fi

  new_lines
  for who in "${present[@]}"; do
    cli_of "$who"
    line "$who exec true" "$(goal_of "$who" 0.067)" "${cli[@]}" exec bench true
  done
  if have crun; then
    mkdir -p "$fs/stays/rootfs" && tar -C "$fs/stays/rootfs" -xf "$work/busybox.tar"
    (cd "$fs/stays" && rm -f config.json && crun spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sleep", "100000"/' config.json)
    ! crun --root "$work/crun-run" run -d -b "$fs/stays" stays >/dev/null 2>&1 </dev/null || line 'crun exec true' 0.6 crun --root "$work/crun-run" exec stays /bin/true
  fi
  measure 'exec true'

  new_lines
  for who in "${present[@]}"; do
    cli_of "$who"
    port=$((port + 1))
    after="${remove[*]} d1"
    line "$who run -d -p" "$(goal_of "$who" 0.067)" "${cli[@]}" run -d --name d1 -p "$port:80" "${ulimit[@]}" "$image" sleep 1000
  done
  measure 'run -d with a published port'
  new_lines
  for who in "${present[@]}"; do
    cli_of "$who"
    before="${cli[*]} run -d --name d1 ${ulimit[*]-} $image sleep 1000" after=''
    line "$who rm -f" "$(goal_of "$who" 0.067)" "${remove[@]}" d1
  done
  measure 'rm -f of a running container'
  before=''

  for who in "${present[@]}"; do many "$who" 50 8 && many "$who" 50 1; done
  new_lines
  for who in "${present[@]}"; do after=$work/few-$who line "$who, 50 one after another" "$(goal_of "$who" 0.083)" "$work/many-$who-1"; done
  once_measured '50 detached containers' 3
  new_lines
  for who in "${present[@]}"; do after=$work/few-$who line "$who, 50, eight at a time" "$(goal_of "$who" 0.083)" "$work/many-$who-8"; done
  once_measured '50 detached containers' 3

  new_lines
  cli_of skiff
  after="${remove[*]} d1" line 'run -d' - "${cli[@]}" run -d --name d1 --network none "$image" sleep 1000
  "$work/rounds" -n "$rounds" "$work/commands" >"$work/result" && alone=$(cut -f2 "$work/result")
  for who in "${present[@]}"; do "$work/many-$who-8" || true; done
  "$work/rounds" -n "$rounds" "$work/commands" >"$work/result" && beside=$(cut -f2 "$work/result")
  printf '\nWith 50 containers running\n'
  figure 'run -d beside 50 to run -d alone' "$(awk -v a="${alone:-0}" -v b="${beside:-0}" 'BEGIN { print (a > 0 ? b / a : 99) }')" 1.25 times
  figure 'skiff: memory beside each container' "$(($(pss "skiff.* monitor ") / 51))" 1536 'KiB PSS'
  [[ " ${present[*]} " != *' podman '* ]] || note "podman: memory beside each container $(($(pss '^[^ ]*conmon ') / 51)) KiB PSS"
  [[ " ${present[*]} " != *' docker '* ]] || note "docker: memory beside each container $(($(pss '^[^ ]*containerd-shim') / 51)) KiB PSS, and its daemons $(pss '^[^ ]*(dockerd|containerd) ') KiB"
  for who in podman docker; do [[ " ${present[*]} " != *" $who "* ]] || "$work/few-$who" || true; done
  for port in $(seq 149); do "${skiff[@]}" create --name "made$port" "$image" true >/dev/null; done
  new_lines
  line "skiff ps -a, $("${skiff[@]}" ps -aq | wc -l) containers" - "${skiff[@]}" ps -a
  for who in podman docker; do
    [[ " ${present[*]} " == *" $who "* ]] || continue
    cli_of "$who"
    line "$who ps -a, 1 container" 0.2 "${cli[@]}" ps -a
  done
  measure 'ps -a'
  "$work/few-skiff" || true

  new_lines
  for who in "${present[@]}"; do
    cli_of "$who"
    [ "$who" != skiff ] || ulimit=(--log-opt max-size=1g) # the others keep all of it anyway
    "${cli[@]}" run -d --name logs --network none "${ulimit[@]}" "$image" sh -c 'yes "a line of sixty-three characters, as programs write them, or so" | head -n 1562500' >/dev/null 2>&1 </dev/null || continue
    "${cli[@]}" wait logs >/dev/null || continue
    line "$who logs, 100 MB" "$(goal_of "$who" 1)" "${cli[@]}" logs logs
    [ "$who" != skiff ] || line 'cat of the log file' 3 cat "$fs"/skiff/containers/*/log.json*
  done
  once_measured 'logs of 100 MB to /dev/null' 5
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
  for digest in $(local_curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry_address/v2/$1/manifests/latest" | grep -o '+[a-z]*","digest":"sha256:[0-9a-f]*' | grep -v json | sed 's/.*"//'); do
    mkdir "$fs/bound/${digest#sha256:}.d"
    local_curl -fsS "http://$registry_address/v2/$1/blobs/$digest" | tee "$fs/bound/${digest#sha256:}" | $unpack | tar -x -C "$fs/bound/${digest#sha256:}.d" &
  done
  wait
}

bench_pull() {
  layers
  local kind image n=$((rounds < 5 ? rounds : 5))
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
  "$work/warm" $((pull_mb * 3)) || true # the same memory for everyone, see there
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
