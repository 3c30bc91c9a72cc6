#!/bin/sh
# Makes a world out of this machine and runs a command in it: an own root (what is written there is gone with the
# world), own mounts, network, processes and control groups. run-world.mjs starts it as the first process of new
# namespaces, with all mounts private. Not here: which worlds there are (worlds.mjs).
#
#   WORLD_STAGE   an empty directory; WORLD_STAGE/reports becomes /world
#   WORLD_SOURCE  the checkout, which keeps its place
#   WORLD_MOUNTS  private, shared, slave: the propagation of all mounts
#   WORLD_OWN     directories that are file systems of their own: any of /tmp /home /var
#   WORLD_HOME    plain, automount: the directories below /home are mounted on first access
#   WORLD_GROUPS  machine: as this machine has them; version-2: no other; none: an empty directory; read-only
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
root=$WORLD_STAGE/root
space=$WORLD_STAGE/space

main() {
  mkdir "$root" "$space"
  mount -t tmpfs space "$space"
  layer / "$root" tmp var/tmp
  carry_mounts
  kernel_file_systems
  own_file_systems
  control_groups
  place "$WORLD_STAGE/reports" "$root/world"
  case $WORLD_HOME/$WORLD_SOURCE in automount/home/*) ;; *) place "$WORLD_SOURCE" "$root$WORLD_SOURCE" ;; esac
  mkdir -p "$root/world/old"
  cd "$root"
  pivot_root . world/old
  cd /
  umount --lazy /world/old
  rmdir /world/old
  network
  [ "$WORLD_MOUNTS" = private ] || mount --make-rshared /
  [ "$WORLD_HOME" = plain ] || automounter
}

# layer LOWER POINT HIDDEN...: a writable view of LOWER in which the directories HIDDEN, of everybody's, are empty
layer() {
  lower=$1 point=$2
  shift 2
  upper=$(mktemp -d "$space/XXXXXX")
  mkdir "$upper/files" "$upper/work"
  chmod 755 "$upper/files"
  for hidden; do
    mkdir -p "$(dirname "$upper/files/$hidden")"
    mknod "$upper/files/$hidden" c 0 0 # a whiteout of overlayfs
  done
  mount -t overlay -o "lowerdir=$lower,upperdir=$upper/files,workdir=$upper/work" world "$point"
  for hidden; do mkdir -m 1777 "$point/$hidden"; done
}

place() {
  if [ -d "$1" ]; then mkdir -p "$2"; fi
  mount --rbind "$1" "$2"
}

# The mounts directly below the root, but for those that every world has of its own.
carry_mounts() {
  awk '$5 == "/" { root = $1 } { id[NR] = $2; point[NR] = $5 } END { for (n = 1; n <= NR; n++) if (id[n] == root) print point[n] }' \
    /proc/self/mountinfo | while read -r escaped; do
    point=$(printf '%b' "$escaped")
    case $point in / | /proc | /sys | /dev | /run | /run/* | /tmp | /tmp/* | /var/tmp | /var/tmp/* | "$WORLD_STAGE"/*) continue ;; esac
    # its owner may unmount it at this moment
    mount --rbind "$point" "$root$point" || ! mountpoint -q "$point"
  done
}

# As a machine with systemd has them.
kernel_file_systems() {
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
  mount --bind /dev "$root/dev"
  mount -t devpts -o newinstance,nosuid,noexec,mode=620,ptmxmode=0666 devpts "$root/dev/pts"
  mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/dev/shm"
  [ ! -d "$root/dev/mqueue" ] || mount -t mqueue mqueue "$root/dev/mqueue"
  mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs "$root/run"
  mkdir -m 1777 "$root/run/lock"
  mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$root/run/lock"
}

own_file_systems() {
  for directory in $WORLD_OWN; do
    case $directory in
      /tmp) mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/tmp" ;;
      /var) layer /var "$root/var" tmp ;;
      *) layer "$directory" "$root$directory" ;;
    esac
  done
  [ "$WORLD_HOME" = automount ] || return 0
  mkdir -p "$root/export/home"
  layer /home "$root/export/home"
}

# We are in a cgroup namespace, whose root run-world.mjs has made: nothing of the machine's groups is seen.
control_groups() {
  groups=$root/sys/fs/cgroup
  case $WORLD_GROUPS in
    none) mount -t tmpfs -o ro,size=4k,mode=755 none "$groups" ;;
    version-2) mount -t cgroup2 cgroup2 "$groups" ;;
    *)
      # type, point and options of each hierarchy
      sed -n 's/^\S* \S* \S* \S* \(\S*\) .* - \(cgroup2*\) \S* \(\S*\)$/\2 \1 \3/p' /proc/self/mountinfo |
        while read -r type point options; do
          if [ "$point" != /sys/fs/cgroup ] && ! mountpoint -q "$groups"; then
            mount -t tmpfs -o mode=755 cgroup "$groups"
          fi
          mkdir -p "$root$point"
          case $type in
            cgroup2) mount -t cgroup2 cgroup2 "$root$point" ;;
            *) mount -t cgroup -o "$(hierarchy "$options")" cgroup "$root$point" ;;
          esac
          [ "$WORLD_GROUPS" != read-only ] || mount -o remount,bind,ro "$root$point"
        done
      if [ "$WORLD_GROUPS" = read-only ]; then mount -o remount,bind,ro "$groups"; fi
      ;;
  esac
}

# The mount options that name a hierarchy of version 1: its controllers, or its name.
hierarchy() {
  printf '%s' "$1" | tr , '\n' | grep -Ev '^(rw|ro|xattr|clone_children|noprefix|release_agent=.*)$' |
    sed 's/^name=/none,name=/' | paste -s -d ,
}

# A default route to nowhere: packets to other machines are sent and get no reply.
network() {
  ip link set lo up
  ip link add outside type veth peer name nowhere
  ip address add 10.77.0.2/24 dev outside
  ip link set nowhere up
  ip link set outside up
  ip route add default via 10.77.0.1
  ip neighbour add 10.77.0.1 dev outside lladdr "$(cat /sys/class/net/nowhere/address)"
}

# It must respond before the first access, and unmounts unused directories as soon as it can.
automounter() {
  printf '* -fstype=bind :/export/home/&\n' >/etc/auto.home
  printf '/home /etc/auto.home --timeout=1\n' >/etc/auto.master
  # its process group must have a number here, by which the kernel knows whose looks mount nothing
  setsid --wait automount --pid-file /run/automount.pid /etc/auto.master
  while ! mountpoint -q /home; do sleep 0.05; done
}

main
cd "$WORLD_SOURCE"
set +e
# not exec: pid 1 of the world reaps what its processes leave behind
if [ "$WORLD_MOUNTS" = slave ]; then
  unshare --mount --propagation slave -- "$@"
else
  "$@"
fi
exit $?
