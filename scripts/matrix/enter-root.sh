#!/bin/sh
# Runs a command in a root directory as on a machine of its own, without an init: sh enter-root.sh ROOT COMMAND...
# Mounts, processes, IPC and host name are its own; the network is this machine's. Needs root.
# Of this machine it sees, read-only, name resolution and the settings of npm and pip; and, if the root has no Node,
# the Node at NODE_BINARY with the npm at NPM_DIRECTORY.
set -eu
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --pid --fork --ipc --uts --kill-child --propagation private -- sh "$0" --inside "$@"
fi
shift
root=$1
shift

mount --bind "$root" "$root"
hostname debian
# as the installer of Debian does: JupyterHub connects to its proxy by the machine's name
printf '127.0.0.1 localhost\n127.0.1.1 debian\n' > "$root/etc/hosts"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"

mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 "$root/dev/tty" c 5 0
mknod -m 600 "$root/dev/console" c 5 1
mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm"
mknod -m 666 "$root/dev/net/tun" c 10 200
mknod -m 666 "$root/dev/fuse" c 10 229
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=755 run "$root/run"
mkdir -m 1777 "$root/run/lock"

# show FILE PLACE: read-only, at that place of the root
show() {
  [ -e "$1" ] || return 0
  if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
}
show "$(readlink -f /etc/resolv.conf)" /etc/resolv.conf
show /etc/npmrc /etc/npmrc
show "${HOME:-/root}/.npmrc" /root/.npmrc
show /etc/pip.conf /etc/pip.conf
if [ ! -e "$root/usr/bin/node" ] && [ -n "${NODE_BINARY:-}" ]; then
  show "$NODE_BINARY" /usr/local/bin/node
  show "$NPM_DIRECTORY" /usr/local/lib/node_modules/npm
fi

cd "$root"
mkdir -p .old
pivot_root . .old
umount -l .old
rmdir .old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$@"
