#!/bin/sh
# Runs inside the machine of scripts/test-vm.sh: the published binary on a host with cgroup version 2 only. Every line says what failed.
# shellcheck disable=SC2016,SC2317 # scripts for the container's shell; functions that are called by name
set -u
failures=0
expect() { # WHAT EXPECTED GOT
  if [ "$2" = "$3" ]; then echo "ok: $1"; else
    echo "FAILED: $1: expected '$2', got '$3'"
    failures=$((failures + 1))
  fi
}
mkdir -p /images/rootfs/bin /images/rootfs/tmp
cp /bin/busybox /images/rootfs/bin/
for applet in sh cat true id grep mount sleep httpd; do ln -s busybox /images/rootfs/bin/$applet; done
tar -C /images/rootfs -cf /images/busybox.tar .

expect 'import' 0 "$(skiff import /images/busybox.tar box:1 >/images/log 2>&1; echo $?)"
cat /images/log
run() { skiff run --rm "$@"; }
expect 'a command runs' sailing "$(run --network none box:1 sh -c 'echo sailing')"
expect 'exit codes pass through' 7 "$(run --network none box:1 sh -c 'exit 7'; echo $?)"
expect 'its cgroup looks like the root' '0::/' "$(run --network none box:1 cat /proc/self/cgroup)"
expect 'memory.max' 67108864 "$(run --network none -m 64m box:1 cat /sys/fs/cgroup/memory.max)"
expect 'pids.max' 2048 "$(run --network none box:1 cat /sys/fs/cgroup/pids.max)"
expect 'cpu.max' '50000 100000' "$(run --network none --cpus 0.5 box:1 cat /sys/fs/cgroup/cpu.max)"
expect 'cpuset.cpus' 1 "$(run --network none --cpuset-cpus 1 box:1 cat /sys/fs/cgroup/cpuset.cpus.effective)"
expect 'cpu.weight' 59 "$(run --network none --cpu-shares 512 box:1 cat /sys/fs/cgroup/cpu.weight)"
expect 'io.weight' 'default 2930' "$(run --network none --blkio-weight 300 box:1 cat /sys/fs/cgroup/io.weight)"
expect 'io.max' '7:0 rbps=1048576 wbps=max riops=max wiops=100' \
  "$(run --network none --device-read-bps /dev/loop0:1mb --device-write-iops /dev/loop0:100 box:1 cat /sys/fs/cgroup/io.max)"
expect 'memory.low and memory.swap.max' '33554432 67108864' \
  "$(run --network none --memory-reservation 32m -m 64m --memory-swap 128m box:1 sh -c 'cd /sys/fs/cgroup && echo $(cat memory.low memory.swap.max)')"
expect 'its cgroup is below --cgroup-parent' 1 "$(run --network none --cgroup-parent /mine/deep --cgroupns host box:1 cat /proc/self/cgroup | grep -c '^0::/mine/deep/[0-9a-f]\{64\}$')"
expect 'a parent with processes is refused with a sentence' 1 "$(
  mkdir -p /sys/fs/cgroup/busy
  sleep 20 &
  echo $! >/sys/fs/cgroup/busy/cgroup.procs
  run --network none -m 30m --cgroup-parent /busy box:1 true 2>&1 | grep -c 'processes live in it directly'
  kill $!
)"
expect 'the limit of processes stops a fork bomb' 1 "$(run --network none --pids-limit 4 box:1 sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done; wait' 2>&1 | grep -c 'fork')"
expect 'an init hands on exit codes' 9 "$(run --network none --init box:1 sh -c 'exit 9'; echo $?)"
expect 'an init hands on signals' 137 "$(run --network none --init box:1 sh -c 'kill -KILL $$'; echo $?)"
expect 'processes start while the garbage collector runs' '100 processes' "$(skiff __stress-spawn 100 | cut -d, -f1)"
expect 'the filter of system calls is in place' 'Seccomp:	2' "$(run --network none box:1 grep Seccomp: /proc/self/status)"
expect 'it refuses a user namespace' 1 "$(run --network none box:1 /bin/busybox unshare -U true 2>&1 | grep -c 'not permitted')"
skiff run --rm --network none box:1 sh -c 'trap "exit 6" TERM; while :; do sleep 0.1; done' &
sleep 2
kill -TERM $!
wait $!
expect 'a signal goes through the command to the container' 6 $?
expect 'a device that is not listed cannot be opened' 1 "$(run --network none --cap-add MKNOD box:1 sh -c '/bin/busybox mknod /tmp/k c 1 1 && cat /tmp/k' >/dev/null 2>&1; echo $?)"
expect 'the bridge network has an address' 1 "$(run box:1 /bin/busybox ip -4 -o address show eth0 | grep -c inet)"

# An ordinary user to whom a part of the hierarchy is delegated, as systemd does for users' sessions.
echo '+memory +pids +cpu' >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/deck/shell /home/sailor
printf 'root:x:0:0::/:/bin/sh\nsailor:x:1000:1000::/home/sailor:/bin/sh\n' >/etc/passwd
(
  cd /sys/fs/cgroup/deck || exit
  chown 1000:1000 /home/sailor . cgroup.procs cgroup.subtree_control shell shell/cgroup.procs shell/cgroup.subtree_control
)
chmod -R a+rX /lib /lib64 /usr /images
chmod 1777 /tmp
sailor() { busybox su -s /bin/sh sailor -c "export HOME=/home/sailor; $1"; }
delegated() {
  # shellcheck disable=SC2016 # for the shell that moves
  sh -c 'echo $$ >/sys/fs/cgroup/deck/shell/cgroup.procs; exec busybox su -s /bin/sh sailor -c "export HOME=/home/sailor; $1"' sh "$1"
}
expect 'an ordinary user imports an image' 0 "$(sailor 'skiff import /images/busybox.tar box:1' >/images/log 2>&1; echo $?)"
expect 'a user runs a command' 0 "$(sailor 'skiff run --rm --network none box:1 id -u')"
expect 'limits of a delegated cgroup' '67108864 2048 50000 100000' \
  "$(delegated "skiff run --rm --network none -m 64m --cpus 0.5 box:1 sh -c 'cd /sys/fs/cgroup; echo \$(cat memory.max pids.max cpu.max)'")"
expect 'a user pauses, and changes limits' 83886080 \
  "$(delegated 'skiff run -d --name mine --network none -m 64m box:1 sleep 60 >/home/sailor/mine && skiff pause mine && skiff unpause mine && skiff update -m 80m mine && skiff exec mine cat /sys/fs/cgroup/memory.max && skiff rm -f mine' 2>/dev/null | grep 8388)"
expect 'a limit without a cgroup is refused with what helps' 1 "$(sailor 'skiff run --rm --network none -m 64m box:1 true' 2>&1 | grep -c 'systemd-run --user')"
expect 'nothing of it is left' '' "$(find /sys/fs/cgroup/deck/skiff -mindepth 1 -type d)"

# Containers that live on: what the kernel's second cgroup version tells and takes.
field() { skiff inspect -f "{{$2}}" "$1"; }
await() { # SECONDS COMMAND...
  tries=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1 || [ "$tries" -le 0 ]; do
    /bin/busybox sleep 0.1
    tries=$((tries - 1))
  done
}
loop='trap "exit 4" TERM; while :; do /bin/busybox sleep 0.1; done'
skiff run -d --name web -p 8080:80 box:1 sh -c 'echo hello >/tmp/page && exec httpd -f -p 80 -h /tmp' >/dev/null
page() { /bin/busybox wget -qO- "http://$1:8080/page"; }
await 10 page 127.0.0.1
expect 'a published port answers' hello "$(page 127.0.0.1)"
expect 'on IPv6 too' hello "$(page '[::1]')"
expect 'a command joins' '0::/' "$(skiff exec web cat /proc/self/cgroup)"
expect 'its exit code passes through' 127 "$(skiff exec web nosuch 2>/dev/null; echo $?)"
skiff update --restart always web >/dev/null 2>&1
kill -9 "$(field web .State.Pid)"
restarted() { [ "$(field web .RestartCount)" = 1 ] && page 127.0.0.1; }
await 10 restarted
expect 'it is started again' '1 running' "$(field web .RestartCount) $(field web .State.Status)"
expect 'its port answers again' hello "$(page 127.0.0.1)"
skiff rm -f web >/dev/null
id=$(skiff run -d --name life --network none -m 32m --health-cmd 'true' --health-interval 100ms box:1 sh -c "$loop")
cgroup=/sys/fs/cgroup/skiff/$id
healthy() { [ "$(field life .State.Health.Status)" = healthy ]; }
await 20 healthy
expect 'a health check runs' healthy "$(field life .State.Health.Status)"
skiff update -m 48m --memory-swap 64m --pids-limit 40 --cpus 0.25 life >/dev/null
expect 'update changes memory.max' 50331648 "$(cat "$cgroup/memory.max")"
[ ! -e "$cgroup/memory.swap.max" ] || expect 'update changes memory.swap.max' 16777216 "$(cat "$cgroup/memory.swap.max")"
expect 'update changes pids.max' 40 "$(cat "$cgroup/pids.max")"
expect 'update changes cpu.max' '25000 100000' "$(cat "$cgroup/cpu.max")"
skiff update --cpus 1 --cpuset-cpus 1 life >/dev/null
skiff update --cpuset-cpus 0 life >/dev/null
expect 'update changes cpuset.cpus, to the first processor too' 0 "$(cat "$cgroup/cpuset.cpus")"
skiff exec life sh -c 'x=a; while :; do x=$x$x; done' >/dev/null 2>&1
oom() { [ -n "$(skiff events --since 0 --until 0s --filter event=oom --format '{{.Action}}')" ]; }
await 10 oom
expect 'a child out of memory is told' oom "$(skiff events --since 0 --until 0s --filter event=oom --format '{{.Action}}' | /bin/busybox head -n 1)"
expect 'and the container lives' 'running false' "$(field life .State.Status) $(field life .State.OOMKilled)"
skiff pause life >/dev/null
expect 'it is frozen' 1 "$(grep -c 'frozen 1' "$cgroup/cgroup.events")"
skiff stop life >/dev/null
expect 'a frozen container takes its stop signal' '4' "$(field life .State.ExitCode)"
skiff start life >/dev/null
skiff pause life >/dev/null
skiff rm -f life >/dev/null
skiff run -d --name oom --network none -m 16m --memory-swap 16m box:1 sh -c 'x=a; while :; do x=$x$x; done' >/dev/null
expect 'a container out of memory ends with 137' 137 "$(skiff wait oom)"
expect 'and says so' true "$(field oom .State.OOMKilled)"
expect 'with the limit' 1 "$(field oom .State.Reason | grep -c 'the kernel killed it at the limit of 16 MiB')"
skiff rm oom >/dev/null

skiff run -d --name waits --init --network none box:1 sh -c "echo ready; $loop" >/dev/null
ready() { skiff logs waits | grep -q ready; }
await 10 ready
expect 'a first process that waits for signals is stopped in peace' '' "$(skiff stop waits 2>&1 >/dev/null)"
skiff rm waits >/dev/null

# Mapped ids need a file system that has them: ext4 has since Linux 5.12, the tmpfs of the default store since 6.3.
dd if=/dev/zero of=/images/disk bs=1M count=64 2>/dev/null
mke2fs -F /images/disk >/dev/null && mkdir /store && mount -t ext4 -o loop /images/disk /store
mapped() { skiff --root /store run --rm --network none --uidmap 0:100000:65536 -v kept:/kept "$@"; }
skiff --root /store import /images/busybox.tar box:1 >/images/log 2>&1
expect 'root of a user namespace is another outside' ' 0 100000 65536' "$(mapped box:1 cat /proc/self/uid_map | tr -s ' ')"
expect 'it owns the files' 0 "$(mapped box:1 sh -c '/bin/busybox touch /new /kept/new && /bin/busybox stat -c %u /new')"
expect 'its limits are set' 67108864 "$(mapped -m 64m box:1 cat /sys/fs/cgroup/memory.max)"
expect 'on disk they are the container'"'"'s' 0 "$(stat -c %u /store/volumes/kept/_data/new)"
case $(uname -r) in
  5.* | 6.[0-2].*) expect 'a store without mapped ids says so' 1 "$(run --network none --uidmap 0:100000:65536 box:1 true 2>&1 | grep -c 'mapped ids')" ;;
esac
expect 'no cgroup is left' 0 "$(find /sys/fs/cgroup -path '*skiff/*' -type d | wc -l)"
expect 'no mount is left' 0 "$(grep -c /var/lib/skiff /proc/self/mountinfo)"
exit $failures
