// docs/install.md from nothing to notebooks, an upgrade, and back to nothing.
// Not here: machines that have a hub (with-hub.test.ts), a real systemd (test/vm).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headings } from './guide.ts';
import type { Machine } from './machine.ts';
import { places } from './places.ts';
import { debians, follow, peopleHaveNotebooks, prepared } from './prepare.ts';

test('every part of the page with commands is followed by a test', () => {
  expect(headings).toEqual([
    'Nothing yet',
    'A JupyterHub',
    'The Littlest JupyterHub',
    'A Slurm cluster', // left out: it needs a cluster
    'Other systems',
    'Upgrade',
    'Uninstall',
  ]);
});

describe.each(debians)('%s without a hub', (name) => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await prepared(name);
    machine.put(places().find(/^portwrap-spawner_0\.0\.9_.*\.deb$/), '/root/older.deb');
  });
  afterAll(() => machine?.close());

  test('"Nothing yet" leads to notebooks for two accounts', async () => {
    // the version before, for the upgrade below
    await machine.output(
      'mv portwrap-spawner_0.1.0_amd64.deb newer.deb && cp older.deb portwrap-spawner_0.1.0_amd64.deb',
    );
    const written = await follow(machine, 'Nothing yet');
    expect(written).toContain('all steps passed');
    expect(written).toContain('JupyterHub is at http://debian:8000.');
    expect(await machine.output('portwrap-spawner --version')).toBe('portwrap-spawner 0.0.9\n');
    await peopleHaveNotebooks(machine);
  });

  test('"Upgrade" ends no server, and brings the new plugin into the hub', async () => {
    const servers = () => machine.output("portwrap-spawner ls | awk '{ print $2, $3, $6 }'");
    const before = await servers();
    expect(before).toMatch(/^alice ready \d+$/m);
    await machine.output('mv newer.deb portwrap-spawner_0.1.0_amd64.deb');
    expect(await follow(machine, 'Upgrade')).toContain('to bring the plugin of the hub to this version');
    expect(await machine.output('portwrap-spawner --version')).toBe('portwrap-spawner 0.1.0\n');
    const plugin = await machine.output(
      '/opt/portwrap-spawner/hub/bin/python -c \'from importlib.metadata import version; print(version("portwrap-spawner"))\'',
    );
    expect(plugin).toBe('0.1.0\n');
    expect(await servers()).toBe(before);
    await peopleHaveNotebooks(machine);
    expect(await machine.output('portwrap-spawner setup --yes')).toContain('Nothing is to be done');
  });

  test('"Uninstall" leaves the homes, and nothing of ours', async () => {
    await follow(machine, 'Uninstall');
    // NAME- is the backup that passwd's programs keep
    const left = await machine.output(
      "find / -xdev -path /proc -prune -o -name '*portwrap*' -not -path '/root/*' -not -path '/tmp/*' -print; grep -rl --exclude='*-' portwrap /etc || true; ls -d /var/lib/jupyterhub /etc/systemd/system/jupyterhub.service 2> /dev/null || true",
    );
    expect(left).toBe('');
    expect((await machine.run('getent passwd portwrap-proxy')).output).toBe('');
    expect((await machine.run('nft list tables')).output).toBe('');
    expect((await machine.run('ps -eo args= | grep -i [j]upyter')).output).toBe('');
    expect(await machine.output('ls /home/alice')).toBe('first.ipynb\n');
  });
});
