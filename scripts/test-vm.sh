#!/bin/bash
# Runs a command as root in a small virtual machine with Debian's cloud kernel and cgroup version 2 only: what this machine's own kernel may not offer.
# Works without KVM (about five seconds to boot, fifteen where the architecture is another). Without a command it tests the published binary there.
#   scripts/test-vm.sh [--arch amd64|arm64] [--memory MB] [--seconds LIMIT] [--file FILE:/PATH]... [COMMAND]
#   --arch  the machine's architecture, this machine's by default
#   --file  copies a file into the machine, with the libraries it is linked with
# Prints what the command printed and exits with its code; 124 when the time is up.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
memory=1024 limit='' files=() arch=$(own_arch)
while [ $# -gt 0 ]; do
  case $1 in
    --arch) arch=${2:?} && shift ;;
    --memory) memory=${2:?} && shift ;;
    --seconds) limit=${2:?} && shift ;;
    --file) files+=("${2:?}") && shift ;;
    -*) die "usage: scripts/test-vm.sh [--arch amd64|arm64] [--memory MB] [--seconds LIMIT] [--file FILE:/PATH]... [COMMAND]" ;;
    *) break ;;
  esac
  shift
done
need_arch "$arch"
foreign=0
[ "$arch" = "$(own_arch)" ] || foreign=1
case $arch in
  amd64) qemu=(qemu-system-x86_64) package=qemu-system-x86 console=ttyS0 triplet=x86_64-linux-gnu ;;
  arm64) qemu=(qemu-system-aarch64 -machine virt) package=qemu-system-arm console=ttyAMA0 triplet=aarch64-linux-gnu ;;
esac
cpu=max
# QEMU's own pointer authentication is cheap, the real one takes most of the time; its vectors of 2048 bits, which no processor has, crash .NET's compiler.
[ "$arch" != arm64 ] || cpu=max,pauth-impdef=on,sve=off
[ -n "$limit" ] || limit=$((foreign ? 300 : 120))
install_packages "the virtual machine" "$package" busybox-static cpio kmod
[ "$foreign" = 0 ] || install_packages "the virtual machine" binutils
command=$*

# What the machine is made of comes from the distribution's packages, unpacked beside our build: an installation would make an initramfs and touch
# /boot, and another architecture's packages cannot be installed at all. For those apt gets lists of its own.
vm=$artifacts/vm/$arch
mkdir -p "$vm"
apt_options=(-o APT::Sandbox::User=root) # apt's own user cannot write everywhere; the download is verified all the same
if [ "$foreign" = 1 ]; then
  mkdir -p "$vm"/apt/{state/lists/partial,cache/archives/partial}
  : >"$vm/apt/status"
  apt_options+=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o "Dir::State=$vm/apt/state" -o "Dir::State::status=$vm/apt/status"
    -o "Dir::Cache=$vm/apt/cache" -o Acquire::Languages=none)
fi
unpack() { # NAME DIRECTORY
  local download
  download=$(mktemp -d "$vm/download.XXXXXX")
  say "fetching $1"
  (cd "$download" && apt-get -qq "${apt_options[@]}" download "$1" </dev/null)
  mkdir -p "$2"
  dpkg-deb -x "$download"/*.deb "$2"
  rm -r "$download"
}
kernel_package() { # empty where apt has no lists yet
  { apt-cache "${apt_options[@]}" depends "linux-image-cloud-$arch" 2>/dev/null || true; } | awk '$1 == "Depends:" && $2 ~ /^linux-image/ && !n++ { print $2 }'
}
kernel() { find "$vm/kernel/boot" -name 'vmlinuz-*' 2>/dev/null | head -1; }
if [ -z "$(kernel)" ]; then
  package=$(kernel_package)
  [ -n "$package" ] || { apt_get "${apt_options[@]}" update && package=$(kernel_package); }
  [ -n "$package" ] || die "this distribution has no linux-image-cloud-$arch"
  unpack "$package" "$vm/kernel"
fi
world=
if [ "$foreign" = 1 ]; then
  world=$vm/world
  if [ ! -e "$world/complete" ]; then
    for name in busybox-static libc6 libgcc-s1 libssl3; do unpack "$name" "$world"; done
    touch "$world/complete"
  fi
fi

if [ -z "$command" ]; then
  binary=$(binary_of "$arch")
  [ -x "$binary" ] || die "$binary does not exist: run scripts/build.sh --arch $arch first"
  files+=("$binary:/bin/skiff" "$repo/test/vm/smoke-v2.sh:/smoke.sh")
  # Hashes come from OpenSSL, which .NET loads by name.
  for library in "$world/usr/lib/$triplet"/lib{ssl,crypto}.so.3; do [ ! -e "$library" ] || files+=("$library:${library#"$world"}"); done
  command='sh /smoke.sh'
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
cp "$world/bin/busybox" "$tree/bin/busybox"
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"; done
add() { # FILE PATH
  mkdir -p "$tree${2%/*}"
  cp -L "$1" "$tree$2"
}
# libraries FILE: those that a program is linked with. ldd runs the program's own loader; another architecture's cannot run here.
libraries() {
  if [ "$foreign" = 0 ]; then
    ldd "$1" 2>/dev/null | grep -oE '/[^ )]+' || true
    return
  fi
  local name
  readelf -W -d -l "$1" 2>/dev/null | sed -nE 's/.*(Shared library: |program interpreter: )\[?([^]]+)\].*/\2/p' | while read -r name; do
    for name in "$name" "/lib/$triplet/$name" "/usr/lib/$triplet/$name"; do
      if [ "${name#/}" != "$name" ] && [ -e "$world$name" ] && [ ! -e "$tree$name" ]; then
        printf '%s\n' "$name"
        libraries "$world$name"
      fi
    done
  done
}
for file in "${files[@]}"; do
  add "${file%%:/*}" "/${file#*:/}"
  while read -r library; do add "$world$library" "$library"; done < <(libraries "${file%%:/*}")
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
[ "$foreign" = 1 ] || [ ! -w /dev/kvm ] || accelerators=(kvm "${accelerators[@]}")
for accelerator in "${accelerators[@]}"; do
  [ "$accelerator" != kvm ] || [ "$arch" != arm64 ] || cpu=host
  status=0
  timeout "$limit" "${qemu[@]}" -accel "$accelerator" -cpu "$cpu" -smp 2 -m "$memory" -nodefaults -nographic -no-reboot -serial stdio \
    -kernel "$image" -initrd "$work/initrd" -append "console=$console quiet panic=-1" >"$work/console" 2>&1 </dev/null || status=$?
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
