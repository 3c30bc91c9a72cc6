// The packages by themselves, in a Debian that has only what they bring: commands, manual pages, completions, what they
// say where systemd does not run, upgrade, removal. Not here: a set-up hub (without-hub.test.ts, with-hub.test.ts).
import { afterEach, describe, expect, test } from 'vitest';
import { bootDebian, type Machine } from './machine.ts';
import { places } from './places.ts';
import { addNode, debians } from './prepare.ts';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

const programs = ['portwrap', 'portwrap-proxy', 'portwrap-spawner'];

describe.each(debians)('the Debian package in %s', (name) => {
  test('brings what it needs, is upgraded, and leaves nothing when it is purged', async () => {
    machine = await bootDebian(name);
    const { output, run, put } = machine;
    await output('apt-get -q update', { seconds: 1_200 });
    await addNode(name, machine);
    put(places().find(/^portwrap-spawner_0\.0\.9_.*\.deb$/), '/root/older.deb');
    put(places().find(/^portwrap-spawner_0\.1\.0_.*\.deb$/), '/root/newer.deb');
    const installed = await output('apt install --no-install-recommends ./older.deb', { seconds: 1_200 });
    expect(installed).toContain('nothing runs yet. Connect it with a JupyterHub: portwrap-spawner setup');
    for (const program of programs) {
      expect(await output(`${program} --version`)).toMatch(/0\.0\.9|0\.1\.0/);
      await output(`gzip -t /usr/share/man/man1/${program}.1.gz`);
      await output(`bash -n /usr/share/bash-completion/completions/${program}`);
    }
    expect(await output('portwrap doctor', { seconds: 1_200 })).toContain('0 failed');
    const refused = [
      ['portwrap-spawner setup --dry-run', 'systemd does not run this machine', 77],
      ['portwrap-spawner setup --yes', 'systemd does not run this machine', 77],
      ['portwrap-spawner doctor', '"portwrap-spawner setup" writes', 78],
      ['portwrap-spawner smoke', '"portwrap-spawner setup" writes', 78],
    ] as const;
    for (const [command, reason, status] of refused) {
      const { code, output: said } = await run(command);
      expect(said).toContain(reason);
      expect(code).toBe(status);
    }
    await output('apt install ./newer.deb', { seconds: 1_200 });
    expect(await output('portwrap-spawner --version')).toBe('portwrap-spawner 0.1.0\n');
    expect(await output('ls /usr/lib/python3/dist-packages | grep portwrap')).toBe(
      'portwrap_spawner\nportwrap_spawner-0.1.0.dist-info\n',
    );
    await output('dpkg --verify portwrap-spawner; apt remove portwrap-spawner', { seconds: 1_200 });
    await output('apt purge portwrap-spawner', { seconds: 1_200 });
    expect(
      await output(
        "find / -xdev -path /proc -prune -o -name '*portwrap*' -print; getent passwd | grep portwrap || true",
      ),
    ).toBe('');
  });
});

describe('the RPM, installed by rpm in debian-13', () => {
  test('has what the Debian package has, needs the same, and leaves nothing when it is removed', async () => {
    machine = await bootDebian('debian-13');
    const { output, put } = machine;
    await output('apt-get -q update', { seconds: 1_200 });
    // its dependencies: rpm does not know of them, and they have other names in Fedora
    await output(
      'apt-get -q install --no-install-recommends rpm bubblewrap slirp4netns nftables python3 systemd-standalone-sysusers',
      {
        seconds: 1_200,
      },
    );
    put(places().find(/\.rpm$/), '/root/portwrap-spawner.rpm');
    put(places().find(/^portwrap-spawner_0\.1\.0_.*\.deb$/), '/root/portwrap-spawner.deb');
    expect(
      await output('rpm --query --package --requires portwrap-spawner.rpm | grep -vE "^(rpmlib|/bin/sh)"'),
    ).toBe(
      'bubblewrap >= 0.8\nnftables\nnodejs >= 1:20.19\npython3\nslirp4netns\nsystemd\nutil-linux >= 2.38\n',
    );
    // mode and name of each file outside of the documents
    const chosen =
      "grep -E '^[^d].* /usr/(bin|lib/(portwrap-spawner|systemd|sysusers.d|tmpfiles.d))/' | sort";
    const query = "--queryformat '[%{FILEMODES:perms} %{FILENAMES}\\n]'";
    const files = await output(`rpm --query --package ${query} portwrap-spawner.rpm | ${chosen}`);
    expect(files.split('\n').length).toBeGreaterThan(500);
    const list = "dpkg-deb --fsys-tarfile portwrap-spawner.deb | tar -tv | awk '{ print $1, substr($6, 2) }'";
    expect(files).toBe(await output(`${list} | ${chosen}`));

    const left = "find / -xdev -path /proc -prune -o -path '/root/*' -prune -o -name '*portwrap*' -print";
    const before = await output(left);
    const installed = await output('rpm --install --nodeps portwrap-spawner.rpm');
    expect(installed).toContain('nothing runs yet. Connect it with a JupyterHub: portwrap-spawner setup');
    for (const name of programs) {
      expect(await output(`${name} --version`)).toContain('0.1.0');
      await output(`gzip -t /usr/share/man/man1/${name}.1.gz`);
      await output(`bash -n /usr/share/bash-completion/completions/${name}`);
    }
    expect(await output('getent passwd portwrap-proxy')).toContain('/var/lib/portwrap-proxy');
    expect(await output('portwrap doctor', { seconds: 1_200 })).toContain('0 failed');
    expect(await output('rpm --verify --nodeps portwrap-spawner')).toBe('');
    await output(`rpm --upgrade --replacepkgs --nodeps portwrap-spawner.rpm`);
    await output('rpm --erase portwrap-spawner');
    expect(await output(left)).toBe(before);
  });
});

describe.each(debians)('the npm package in %s', (name) => {
  test('brings commands, manual pages, units, documents and the plugin, and npm warns of nothing', async () => {
    machine = await bootDebian(name);
    const { output, put } = machine;
    await output('apt-get -q update', { seconds: 1_200 });
    await addNode(name, machine);
    put(places().find(/^portwrap-spawner-.*\.tgz$/), '/root/portwrap-spawner-0.1.0.tgz');
    const said = await output('npm install --global --prefix /opt/empty ./portwrap-spawner-0.1.0.tgz', {
      seconds: 1_200,
    });
    expect(said).not.toMatch(/warn|EBADENGINE|deprecated/i);
    for (const program of programs) {
      expect(await output(`/opt/empty/bin/${program} --version`)).toContain('0.1.0');
      await output(`test -s /opt/empty/share/man/man1/${program}.1`);
    }
    const home = '/opt/empty/lib/node_modules/portwrap-spawner';
    const files = [
      'share/bash-completion/completions/portwrap',
      'share/plugin/portwrap_spawner-0.1.0-py3-none-any.whl',
      'systemd/portwrap-spawner.service',
      'docs/install.md',
      'hub-config.example.yaml',
      'apparmor/portwrap',
    ];
    await output(`cd ${home} && ls ${files.join(' ')}`);
    const size = Number(await output(`du -sm /opt/empty | cut -f1`));
    expect(size).toBeLessThan(70); // 59 in November 2026
    await output(`npm uninstall --global --prefix /opt/empty portwrap-spawner`, { seconds: 1_200 });
    expect(await output("find /opt/empty -name '*portwrap*'")).toBe('');
  });
});
