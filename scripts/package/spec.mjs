// The spec file of the RPM (rpm.org, "Spec file format"): it copies a tree that is complete, so nothing is built,
// stripped, compiled or looked through for dependencies. Not here: making the package (rpm.mjs), its scripts
// (../../packaging/rpm).

/** As those of the Debian package; nodejs has an epoch in Fedora and RHEL. */
const requires = [
  'nodejs >= 1:20.19',
  'bubblewrap >= 0.8',
  'slirp4netns',
  'nftables',
  'util-linux >= 2.38',
  'python3',
  'systemd',
];

/** What belongs to the package in the directories of others. */
const files = [
  '%dir /etc/portwrap-spawner',
  '/usr/bin/portwrap',
  '/usr/bin/portwrap-proxy',
  '/usr/bin/portwrap-spawner',
  '/usr/lib/portwrap-spawner',
  '/usr/lib/systemd/system/portwrap-*',
  '/usr/lib/sysusers.d/portwrap-spawner.conf',
  '/usr/lib/tmpfiles.d/portwrap-spawner.conf',
  '/usr/share/bash-completion/completions/portwrap*',
  '/usr/share/fish/vendor_completions.d/portwrap*',
  '/usr/share/zsh/site-functions/_portwrap*',
  '%doc /usr/share/doc/portwrap-spawner',
  '%license /usr/share/licenses/portwrap-spawner',
  '%doc /usr/share/man/man1/portwrap*',
  '/usr/share/portwrap-spawner',
];

/** `tree`: the files. `scripts`: the text of each scriptlet, by its name. */
export function specFile({ version, tree, scripts }) {
  const scriptlets = Object.entries(scripts).map(([name, text]) => `%${name}\n${text}`);
  return `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w6.xzdio
%global _buildhost localhost
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1

Name: portwrap-spawner
Version: ${version}
Release: 1
Summary: JupyterHub spawner that gives each server a network of its own
License: BSD-3-Clause
AutoReqProv: no
${requires.map((one) => `Requires: ${one}`).join('\n')}

%description
Runs each user's server of a JupyterHub in a user and network namespace
(bubblewrap), so that no other user of the machine reaches the ports that it
opens, and routes exactly one port to it through the hub's proxy.

This package has the spawner service, the command portwrap, and the proxy.
Nothing runs until it is set up: portwrap-spawner setup.

%install
mkdir -p %{buildroot}
cp -a ${tree}/. %{buildroot}/

${scriptlets.join('\n')}
%files
%defattr(-,root,root,-)
${files.join('\n')}
`;
}
