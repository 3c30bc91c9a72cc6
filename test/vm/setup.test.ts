// What portwrap-spawner setup has made (scripts/vm/install.sh): it is complete, it lasts, and it can be taken back.
// Not here: what it changes on a machine (install.test.ts), machines of other kinds (test/integration/setup).
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { machineAt, until } from './machine.ts';

describe('a machine that is set up', () => {
  check('has nothing left to do', async ({ installed: { machine } }) => {
    const { code, output } = await machine.run('portwrap-spawner setup --yes', { seconds: 300 });
    expect(output).toBe('Nothing is to be done: this machine is set up.\n');
    expect(code).toBe(0);
  });

  check(
    'has the rule for host ports after nftables has flushed all rules',
    async ({ installed: { machine } }) => {
      const rule = await machine.output('nft list table inet portwrap_ports');
      for (const verb of ['restart', 'reload']) {
        await machine.output(`systemctl ${verb} nftables`);
        await until(`the rule is loaded after a ${verb} of nftables`, async () => {
          return (await machine.run('nft list table inet portwrap_ports')).output.trim() === rule;
        });
      }
      await machine.output('systemctl stop nftables && systemctl start portwrap-ports');
    },
  );

  check('serves the admin page to who has signed in at the hub', async ({ installed: { machine } }) => {
    const page = await machine.output(
      "curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://127.0.0.1:8000/services/portwrap/",
    );
    expect(page).toMatch(/^302 http:\/\/127\.0\.0\.1:8000\/hub\/api\/oauth2\/authorize/);
  });
});

describe('setup --undo', () => {
  test('gives the hub its own spawner and proxy again, and leaves no file but those of the package', {
    timeout: 1_200_000,
  }, async () => {
    const machine = machineAt('deployed');
    const { code, output } = await machine.run('portwrap-spawner setup --undo --yes', { seconds: 900 });
    expect(code, output).toBe(0);
    const units = 'portwrap-spawner portwrap-proxy portwrap-proxy.socket portwrap-ports jupyterhub';
    const { output: active } = await machine.run(`systemctl is-active ${units}`);
    expect(active.trim().split('\n')).toEqual(['inactive', 'inactive', 'inactive', 'inactive', 'active']);
    await until("the hub's own proxy answers", async () => {
      const answer = await machine.run(
        'curl -s -o /dev/null -w %{http_code} http://127.0.0.1:8000/hub/login',
      );
      return answer.output === '200';
    });
    const processes = await machine.output('ps -C node,configurable-http-proxy -o args=');
    expect(processes).toContain('configurable-http-proxy');
    expect(
      await machine.output('grep -rl portwrap /etc/jupyterhub /etc/nftables* /etc/systemd/system || true'),
    ).toBe('');
    const { output: rest } = await machine.run(
      'dpkg --purge portwrap-spawner && ls -d /etc/portwrap-spawner /usr/lib/portwrap-spawner',
    );
    expect(rest).not.toMatch(/^\/(?:etc|usr)/m);
  });
});
