#!/bin/sh
# A minimal Debian in a directory, with Node and npm of its packages where these are new enough:
# sh make-root.sh SUITE DIRECTORY
# PORTWRAP_DEBIAN_MIRROR is where its packages come from, if not where this machine's come from, or from Debian.
# How this machine reaches registries (a proxy, a certificate authority) is kept. Nothing secret is copied.
set -eu
suite=$1 root=$2
here=$(dirname "$(readlink -f "$0")")

# shellcheck disable=SC2016 # it is apt-get's
sites=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E '/debian/?$' || true)
mirror=${PORTWRAP_DEBIAN_MIRROR:-$(echo "$sites" | head -n 1)}
mirror=${mirror:-http://deb.debian.org/debian}
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror"
chmod 755 "$root"
echo "deb $mirror $suite main" > "$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|https)::' > "$root/etc/apt/apt.conf.d/90machine" || true
echo 'path-exclude=/usr/share/locale/*' > "$root/etc/dpkg/dpkg.cfg.d/no-translations"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
echo debian > "$root/etc/hostname"
mkdir -p "$root/usr/local/lib/node_modules/npm" "$root/opt/portwrap-spawner"
for name in npm npx; do
  ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$root/usr/local/bin/$name"
done
# shellcheck disable=SC2016 # the shell in the root expands it
sh "$here/enter-root.sh" "$root" sh -c '
  apt-get update
  version=$(apt-cache policy nodejs | sed -n "s/^  Candidate: //p")
  if dpkg --compare-versions "$version" ge 20.19; then
    apt-get install -y --no-install-recommends nodejs npm
    rm /usr/local/bin/npm /usr/local/bin/npx
    rmdir /usr/local/lib/node_modules/npm
  fi
  apt-get clean'
