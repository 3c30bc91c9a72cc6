#!/bin/bash
# image.sh SUITE DIRECTORY: a Debian machine with systemd, as debootstrap and apt install it, and four accounts. Makes
# DIRECTORY/base.img, vmlinuz, initrd and key (for ssh). What apt has installed stays in DIRECTORY/root for the next time.
# Not here: booting it (qemu.mjs), and anything of ours (deploy.mjs). Needs root.
set -euo pipefail
suite=$1 directory=$2
# What is mounted below the new root must not show outside, and goes when we go.
if [ -z "${PRIVATE_MOUNTS:-}" ]; then
  PRIVATE_MOUNTS=1 exec unshare --mount --propagation private -- "$0" "$@"
fi
mkdir -p "$directory"
cd "$directory"
root=$directory/root
mirror=${MIRROR:-$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian$' || true)}
mirror=${mirror:-http://deb.debian.org/debian}

inside() {
  chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

packages=(
  linux-image-amd64 systemd systemd-sysv systemd-resolved systemd-oomd systemd-container udev kmod
  dbus dbus-user-session libpam-systemd libnss-systemd polkitd apparmor
  openssh-server sudo curl jq openssl iproute2 procps psmisc acl strace
  nodejs npm jupyterhub jupyter-notebook jupyter-server
  python3-pip python3-setuptools python3-wheel python3-ipykernel
  bubblewrap slirp4netns passt nftables uidmap
)

if [ ! -e "$root/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror"
fi
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --rbind /dev "$root/dev"

# packages; nothing is started while they are installed
cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
echo "deb $mirror $suite main" > "$root/etc/apt/sources.list"
printf 'path-exclude=/usr/share/locale/*\n' > "$root/etc/dpkg/dpkg.cfg.d/no-locales"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
inside apt-get -q update
inside apt-get -q install -y --no-install-recommends initramfs-tools zstd
mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=list\n' > "$root/etc/initramfs-tools/conf.d/virtual-machine"
printf 'virtio_pci\nvirtio_blk\nvirtio_net\next4\n' > "$root/etc/initramfs-tools/modules"
# Debian 12 has none
if inside apt-cache show jupyterlab > /dev/null 2>&1; then packages+=(jupyterlab); fi
inside apt-get -q install -y --no-install-recommends "${packages[@]}"
# of an earlier release: a Node that is new enough, ours, beside the one that the release has
if ! inside node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
  cp "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
  inside node --version
fi
rm "$root/usr/sbin/policy-rc.d"
inside apt-get clean

# the machine: its name, its disk, its network, its journal
echo machine > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 machine\n::1 localhost\n' > "$root/etc/hosts"
echo '/dev/vda / ext4 defaults 0 1' > "$root/etc/fstab"
printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' > "$root/etc/systemd/network/10-machine.network"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=persistent\n' > "$root/etc/systemd/journald.conf.d/machine.conf"
inside systemctl -q enable systemd-networkd systemd-resolved ssh systemd-oomd
# what would run at a time of its own choosing, in the middle of a comparison
inside systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  logrotate.timer man-db.timer systemd-tmpfiles-clean.timer

# people: each name's password is NAME-password, and the key opens all of them
[ -f key ] || ssh-keygen -q -t ed25519 -N '' -C '' -f key
for name in root alice bob carol dave; do
  inside id "$name" > /dev/null 2>&1 || inside useradd -m -s /bin/bash "$name"
  echo "$name:$name-password" | inside chpasswd
  home=$root$(inside getent passwd "$name" | cut -d: -f6)
  inside install -d -o "$name" -g "$name" -m 700 "${home#"$root"}/.ssh"
  cp key.pub "$home/.ssh/authorized_keys"
done
# emulated: a login takes its time; and a connection of a machine that was set back is noticed
printf 'PermitRootLogin yes\nUseDNS no\nLoginGraceTime 600\nClientAliveInterval 5\nClientAliveCountMax 6\n' \
  > "$root/etc/ssh/sshd_config.d/machine.conf"

umount -l "$root/proc" "$root/sys" "$root/dev"
cp "$root"/boot/vmlinuz-* vmlinuz
cp "$root"/boot/initrd.img-* initrd
rm -rf "$root"/var/lib/apt/lists/* base.img
truncate -s 10G base.img.new
mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 -m 0 -d "$root" base.img.new
mv base.img.new base.img
