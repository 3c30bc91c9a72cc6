// The control file (deb-control(5)) and the changelog of the Debian package. Not here: making the package (deb.mjs).
import { execFileSync } from 'node:child_process';

const depends = [
  'nodejs (>= 20.19)',
  'bubblewrap (>= 0.8)',
  'slirp4netns',
  'nftables',
  'util-linux (>= 2.38)',
  'python3',
  'systemd | systemd-standalone-sysusers',
];

const maintainer = 'the portwrap-spawner authors <authors@portwrap-spawner.example.org>';

export function debianArchitecture() {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

export function controlFile(version, installedKilobytes) {
  return `Package: portwrap-spawner
Version: ${version}
Architecture: ${debianArchitecture()}
Maintainer: ${maintainer}
Installed-Size: ${installedKilobytes}
Depends: ${depends.join(', ')}
Recommends: apparmor
Suggests: jupyterhub (>= 3.0), passt, python3-jinja2
Section: net
Priority: optional
Description: JupyterHub spawner that gives each server a network of its own
 Runs each user's server of a JupyterHub in a user and network namespace
 (bubblewrap), so that no other user of the machine reaches the ports that it
 opens, and routes exactly one port to it through the hub's proxy.
 .
 This package has the spawner service, the command portwrap, the proxy, and
 the plugin for the JupyterHub of Debian. Nothing runs until it is set up:
 portwrap-spawner setup.
`;
}

/** What changed is in CHANGELOG.md; dpkg's tools want a file of this form (deb-changelog(5)). `time` in seconds. */
export function debianChangelog(version, time) {
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
  return `portwrap-spawner (${version}) unstable; urgency=medium

  * Version ${version}; see CHANGELOG.md in this directory.

 -- ${maintainer}  ${date}
`;
}
