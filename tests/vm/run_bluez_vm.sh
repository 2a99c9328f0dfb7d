#!/usr/bin/env bash
# A real kernel and a real bluetoothd in an emulated machine record a virtual garment: layer C.
#
# Everything is real but the radio: bleak -> D-Bus -> bluetoothd -> kernel HCI -> /dev/vhci -> bumble.
# Needs Debian packages qemu-system-x86, busybox-static, linux-image-amd64 (or KERNEL=, MODULES=),
# bluez and dbus, all on this machine; the guest sees this file system read-only. No KVM needed.
# See tests/vm/README.md. Skips (exit 77) when something is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
missing() { echo "skipped: $1" >&2; exit 77; }
command -v qemu-system-x86_64 >/dev/null || missing "qemu-system-x86_64 is not installed"
command -v modinfo >/dev/null || missing "modinfo (kmod) is not installed"
busybox=$(command -v busybox) || missing "busybox (static) is not installed"
[ -x /usr/libexec/bluetooth/bluetoothd ] || [ -x /usr/lib/bluetooth/bluetoothd ] || missing "bluetoothd is not installed"
kernel=${KERNEL:-$(ls -1 /boot/vmlinuz-* 2>/dev/null | sort -V | tail -1)}
[ -n "$kernel" ] || missing "no kernel in /boot; name one with KERNEL="
version=$(basename "$kernel"); version=${version#vmlinuz-}
modules=${MODULES:-/lib/modules/$version}
[ -d "$modules" ] || missing "no modules in $modules; name them with MODULES="
radio=${RADIO:-os:}
python=${PYTHON:-$root/.venv/bin/python}

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,dev,proc,sys,lower,upper,guest,modules}
cp "$busybox" "$work/bin/busybox"
# 9p over virtio for the file system, then Bluetooth down to the virtual HCI; each after what it needs.
wanted="virtio_pci 9pnet_virtio 9p overlay ecb cmac hci_vhci"
order=""
take() {
  local file dep
  case " $order " in *" $1 "*) return ;; esac
  file=$(find "$modules" -name "${1//_/[-_]}.ko*" | head -1)
  [ -n "$file" ] || return 0  # built into this kernel
  for dep in $(modinfo -F depends "$file" | tr , ' '); do take "$dep"; done
  order="$order $1"
  case $file in
    *.xz) xz -dc "$file" >"$work/modules/$1.ko" ;;
    *.zst) zstd -qdc "$file" >"$work/modules/$1.ko" ;;
    *) cp "$file" "$work/modules/$1.ko" ;;
  esac
}
for name in $wanted; do take "$name"; done
cat >"$work/init" <<INIT
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for name in $order; do insmod /modules/\$name.ko; done
mount -t 9p -o trans=virtio,version=9p2000.L,ro host /lower
mount -t tmpfs tmpfs /upper; mkdir /upper/up /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/up,workdir=/upper/work overlay /guest
for place in proc sys dev; do mount --bind /\$place /guest/\$place; done
mount -t tmpfs tmpfs /guest/run; mount -t tmpfs tmpfs /guest/tmp
ifconfig lo 127.0.0.1 up
chroot /guest /bin/sh -c 'mkdir -p /run/dbus && dbus-daemon --system --fork
  PYTHONPATH=$root $python $root/tests/vm/record_in_vm.py "$radio"; echo "verdict \$?"'
poweroff -f
INIT
chmod +x "$work/init"
(cd "$work" && find . | cpio -o -H newc --quiet | gzip) >"$work.img"
trap 'rm -rf "$work" "$work.img"' EXIT
timeout "${LIMIT_S:-300}" qemu-system-x86_64 -machine q35,accel=tcg -cpu max -smp "${SMP:-2}" -m 1024 \
  -nic none -nographic -no-reboot -kernel "$kernel" -initrd "$work.img" \
  -append "console=ttyS0 quiet panic=-1" \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap | tee "$work/log"
grep -q "verdict 0" "$work/log"
