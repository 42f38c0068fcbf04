#!/bin/bash
# Runs a command as root in a small virtual machine with Debian's cloud kernel and cgroup version 2 only: what this machine's own kernel may not offer.
# Works without KVM (about five seconds to boot). Without a command it tests the published binary there.
#   scripts/test-vm.sh [--memory MB] [--seconds LIMIT] [--file FILE:/PATH]... [COMMAND]
#   --file  copies a file into the machine, with the libraries it is linked with
# Prints what the command printed and exits with its code; 124 when the time is up.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
memory=1024 limit=120 files=()
while [ $# -gt 0 ]; do
  case $1 in
    --memory) memory=${2:?} && shift ;;
    --seconds) limit=${2:?} && shift ;;
    --file) files+=("${2:?}") && shift ;;
    -*) die "usage: scripts/test-vm.sh [--memory MB] [--seconds LIMIT] [--file FILE:/PATH]... [COMMAND]" ;;
    *) break ;;
  esac
  shift
done
[ "$(uname -m)" = x86_64 ] || die "the machine is x86_64 only"
install_packages "the virtual machine" qemu-system-x86 busybox-static cpio kmod
command=$*
if [ -z "$command" ]; then
  [ -x "$artifacts/skiff" ] || die "artifacts/skiff does not exist: run scripts/build.sh first"
  files+=("$artifacts/skiff:/bin/skiff" "$repo/test/vm/smoke-v2.sh:/smoke.sh")
  # Hashes come from OpenSSL, which .NET loads by name.
  for library in /usr/lib/x86_64-linux-gnu/lib{ssl,crypto}.so.3; do [ ! -e "$library" ] || files+=("$library:$library"); done
  command='sh /smoke.sh'
fi

# The kernel is unpacked beside our build, not installed: an installation would make an initramfs and touch /boot.
vm=$artifacts/vm
kernel() { find "$vm/kernel/boot" -name 'vmlinuz-*' 2>/dev/null | head -1; }
if [ -z "$(kernel)" ]; then
  mkdir -p "$vm/download"
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image/ { print $2; exit }')
  [ -n "$package" ] || { apt_get update && package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image/ { print $2; exit }'); }
  [ -n "$package" ] || die "this distribution has no linux-image-cloud-amd64"
  say "fetching $package"
  # apt's own user cannot write everywhere; the download is verified all the same.
  (cd "$vm/download" && apt-get -qq -o APT::Sandbox::User=root download "$package" </dev/null)
  dpkg-deb -x "$vm"/download/linux-image-*.deb "$vm/kernel"
  rm -r "$vm/download"
fi
image=$(kernel)
version=${image##*/vmlinuz-}
modules=$vm/kernel/lib/modules/$version
[ -d "$modules" ] || modules=$vm/kernel/usr/lib/modules/$version
base=${modules%/lib/modules/*}
[ -e "$modules/modules.dep" ] || depmod -b "$base" "$version"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"/{bin,lib/modules,system}
cp /bin/busybox "$tree/bin/busybox"
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"; done
add() { # FILE PATH
  mkdir -p "$tree${2%/*}"
  cp -L "$1" "$tree$2"
}
for file in "${files[@]}"; do
  add "${file%%:/*}" "/${file#*:/}"
  # Libraries of a program; ldd answers with an error for what is not one.
  while read -r library; do add "$library" "$library"; done < <(ldd "${file%%:/*}" 2>/dev/null | grep -oE '/[^ )]+' || true)
done
for module in overlay veth bridge nf_tables nf_conntrack nf_nat nft_chain_nat nft_nat nft_masq nft_ct nft_fib_inet ext4 loop; do
  modprobe -d "$base" -S "$version" --show-depends "$module" 2>/dev/null | awk '$1 == "insmod" { print $2 }' || true
done | awk '!seen[$0]++' >"$work/modules"
while read -r module; do
  cp "$module" "$tree/lib/modules/"
  basename "$module" >>"$tree/lib/modules/order"
done <"$work/modules"
printf '%s\n' "$command" >"$tree/system/command"
cat >"$tree/init" <<'I'
#!/bin/busybox sh
# The first file system of a kernel cannot be pivoted away from: everything moves to a tmpfs, which can.
/bin/busybox mkdir /root.new
/bin/busybox mount -t tmpfs -o size=80% root /root.new
for entry in /*; do
  case $entry in /root.new | /dev | /proc | /sys | /init) ;; *) /bin/busybox cp -a "$entry" /root.new/ ;; esac
done
cd /root.new && /bin/busybox mkdir -p dev proc sys run tmp etc root var/lib
exec /bin/busybox switch_root /root.new /system/start
I
cat >"$tree/system/start" <<'I'
#!/bin/busybox sh
export PATH=/bin:/usr/bin HOME=/root
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tmpfs run /run
mkdir -p /dev/pts /dev/shm && mount -t devpts pts /dev/pts && mount -t tmpfs shm /dev/shm
while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/order 2>/dev/null
ip link set lo up
echo
echo "==begin"
sh /system/command </dev/null 2>&1
echo "==end $?"
sync
poweroff -f
I
chmod 755 "$tree/init" "$tree/system/start"
(cd "$tree" && find . -print0 | sort -z | cpio --null -o -H newc --quiet) | gzip -1 >"$work/initrd"
# KVM inside a virtual machine may exist and yet refuse to start; emulation always works.
accelerators=("tcg,thread=multi")
[ ! -w /dev/kvm ] || accelerators=(kvm "${accelerators[@]}")
for accelerator in "${accelerators[@]}"; do
  status=0
  timeout "$limit" qemu-system-x86_64 -accel "$accelerator" -cpu max -smp 2 -m "$memory" -nodefaults -nographic -no-reboot -serial stdio \
    -kernel "$image" -initrd "$work/initrd" -append 'console=ttyS0 quiet panic=-1' >"$work/console" 2>&1 </dev/null || status=$?
  ! grep -q '^==begin' "$work/console" || break
done 2>/dev/null
tr -d '\r' <"$work/console" | sed -n '/^==begin$/,/^==end /p' | grep -vE '^==(begin|end [0-9]+)$' || true
code=$(tr -d '\r' <"$work/console" | sed -n 's/^==end //p' | tail -1)
if [ -z "$code" ]; then
  tail -20 "$work/console" >&2
  [ "$status" -ne 124 ] || exit 124
  die "the machine ended before the command did (qemu: $status)"
fi
exit "$code"
