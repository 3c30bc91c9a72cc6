// Installing by docs/install.md leaves the machine as it was, but for what was installed.
import { describe, expect, test } from 'vitest';
import { compare, takeCensus } from './census.ts';
import { machineAt } from './machine.ts';

// what a service that was installed adds: its processes, sockets, units, and the controllers that systemd then enables
const unasked = [
  /portwrap|jupyterhub/,
  /^. (?:processes|namespaces|control groups|sockets|keys|units): /,
  /\/invocation:/,
  // the rule for the host ports, which setup loads
  /^\+ rules: (?:table inet portwrap_ports \{|\t.*|\})$/,
];

describe('an installation', () => {
  test('with setup changes no mount, no rule and no file of others', async () => {
    const before = await takeCensus(machineAt('boot'));
    const machine = machineAt('deployed');
    expect.soft(compare(before, await takeCensus(machine), unasked)).toEqual([]);
    const units = 'portwrap-spawner portwrap-proxy portwrap-proxy.socket portwrap-ports jupyterhub';
    const { output } = await machine.run(`systemctl is-active ${units}`);
    expect.soft(output.trim().split('\n')).toEqual(Array.from({ length: 5 }, () => 'active'));
  });
});
