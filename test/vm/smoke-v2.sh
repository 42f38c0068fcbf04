#!/bin/sh
# Runs inside the machine of scripts/test-vm.sh: the published binary on a host with cgroup version 2 only. Every line says what failed.
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
for applet in sh cat true id grep mount; do ln -s busybox /images/rootfs/bin/$applet; done
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
expect 'a device that is not listed cannot be opened' 1 "$(run --network none --cap-add MKNOD box:1 sh -c '/bin/busybox mknod /tmp/k c 1 1 && cat /tmp/k' >/dev/null 2>&1; echo $?)"
expect 'the bridge network has an address' 1 "$(run box:1 /bin/busybox ip -4 -o address show eth0 | grep -c inet)"
expect 'no cgroup is left' 0 "$(find /sys/fs/cgroup -path '*skiff/*' -type d | wc -l)"
expect 'no mount is left' 0 "$(grep -c /var/lib/skiff /proc/self/mountinfo)"
exit $failures
