// portwrap-spawner setup on machines as people have them, with the real hub, service, proxy and sandboxes; only systemctl
// is a stand-in. Not here: what is planned for which facts (test/unit/spawner/commands/setup).
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { refusalOfInternalSsl } from '../../support/hub/internal-ssl.ts';
import { type Installation, openInstallation } from '../../support/machine/installation.ts';
import { needsRoot, skipIf } from '../../support/reasons.ts';

let machine: Installation | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

/** Opens a machine and prepares it with a shell script that must succeed. */
async function machineWith(preparation: string): Promise<Installation> {
  machine = await openInstallation();
  const { code, output } = await machine.run(`set -e\n${preparation}`);
  expect(code, output).toBe(0);
  return machine;
}

/** The files that setup may change, without those that useradd also changes. */
async function census({ files }: Installation): Promise<string[]> {
  const ofAccounts = /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock)/;
  return (await files('/etc', '/opt')).filter((line) => !ofAccounts.test(line));
}

const setup = 'portwrap-spawner setup --yes --user tester';
const nothing = 'Nothing is to be done: this machine is set up.\n';
const startsServers = 'all steps passed';

describe("Debian's JupyterHub", needsRoot, () => {
  test('setup connects it, a second run finds nothing to do, and --undo leaves every file as it was', {
    timeout: 300_000,
  }, async () => {
    const { run, ...rest } = await machineWith('systemctl start jupyterhub');
    const before = await census({ run, ...rest });
    const dry = await run(`${setup} --dry-run`);
    expect(dry.output).toMatch(
      /^Setup will:\n[\s\S]*\nNothing was changed\. To do this, leave --dry-run out\.\n$/,
    );
    expect(await census({ run, ...rest })).toEqual(before);
    const first = await run(setup);
    expect(first.output).toContain(startsServers);
    expect(first.output).toContain('Everything is set up, and a test server worked.');
    expect(first.code, first.output).toBe(0);
    const page = await run("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/hub/login");
    expect(page.output).toBe('200');
    const guard = await run('nft list table inet portwrap_ports');
    expect(guard.output).toContain('tcp dport 20000-29999');
    const refused = await run('portwrap-spawner smoke');
    expect(refused.output).toContain('smoke --user NAME');
    expect(refused.code).toBe(77);
    expect((await run(setup)).output).toBe(nothing);
    const undone = await run('portwrap-spawner setup --undo --yes');
    expect(undone.output).not.toMatch(/failed|left:/);
    expect(undone.code).toBe(0);
    expect(await census({ run, ...rest })).toEqual(before);
    expect((await run('nft list ruleset; getent passwd portwrap-proxy')).output).toBe('');
    expect((await run('systemctl show --property=ActiveState jupyterhub.service')).output).toBe(
      'ActiveState=active\n',
    );
  });

  test('a configuration that the hub cannot load with our lines is put back, and the hub goes on', {
    timeout: 120_000,
  }, async () => {
    const directory = '/etc/jupyterhub/config/jupyterhub_config.d'; // Debian 12
    const config = existsSync(directory) ? `${directory}/config.py` : '/etc/jupyterhub/jupyterhub_config.py';
    const text = 'c.JupyterHub.services = ({},)\n'; // a tuple has no append
    const { run } = await machineWith(
      `printf '%s' '${text}' > ${config}; systemctl start jupyterhub || true`,
    );
    const { code, output } = await run(setup);
    expect(output).toContain('the lines were taken out of');
    expect(output).toContain('(SETUP_FAILED)');
    expect(code).toBe(70);
    expect((await run(`cat ${config}`)).output).toBe(text);
  });
});

/** A hub in an environment of its own, which has pip. */
const environment = (path: string) => `python3 -m venv --system-site-packages ${path}`;
const unit = (command: string, more = '') => `cat > /etc/systemd/system/jupyterhub.service <<'END'
[Service]
WorkingDirectory=/var/lib/jupyterhub
ExecStart=${command}
${more}
END`;

describe('a hub in an environment of its own, with an account of its own', needsRoot, () => {
  test('reads its tokens, has the plugin from pip, and keeps its bind address', {
    timeout: 300_000,
  }, async () => {
    const { run } = await machineWith(`
      ${environment('/opt/hub')}
      useradd --system hubber
      chown -R hubber: /var/lib/jupyterhub /opt/hub
      mkdir /etc/hub
      echo 'c.JupyterHub.bind_url = "http://127.0.0.1:9000/base/"
c.JupyterHub.hub_port = 9081
c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self"]}]' > /etc/hub/jupyterhub_config.py
      ${unit('/opt/hub/bin/python -m jupyterhub --config /etc/hub/jupyterhub_config.py', 'User=hubber')}
      systemctl start jupyterhub`);
    const { code, output } = await run(`${setup} --public-url http://127.0.0.1:9000`);
    expect(output).toContain(startsServers);
    expect(output).toContain('Only administrators may open the admin page');
    expect(code, output).toBe(0);
    const modes = await run("stat -c '%a %U:%G' /etc/portwrap-spawner/*.token");
    expect(modes.output).toBe('640 root:hubber\n'.repeat(3));
    expect((await run('stat -c %U /opt/hub/lib/python3*/site-packages/portwrap_spawner')).output).toBe(
      'hubber\n',
    );
    const login = await run("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9000/base/hub/login");
    expect(login.output).toBe('200');
    expect((await run(setup)).output).toBe(nothing);
  });
});

describe(
  'a hub whose unit has another name and whose configuration chooses its spawner and its proxy token',
  needsRoot,
  () => {
    test('gets ours, and has its own again after --undo', { timeout: 300_000 }, async () => {
      const config = '/etc/hub/jupyterhub_config.py';
      const { run, ...rest } = await machineWith(`
      ${environment('/opt/hub')}
      mkdir /etc/hub
      echo 'c.JupyterHub.spawner_class = "simple"
c.ConfigurableHTTPProxy.auth_token = "0123456789abcdef"' > ${config}
      ${unit(`/opt/hub/bin/python -m jupyterhub --config ${config}`, 'Environment=CONFIGPROXY_AUTH_TOKEN=fedcba9876543210')}
      cd /etc/systemd/system && mv jupyterhub.service lab-hub.service
      rm -f /lib/systemd/system/jupyterhub.service
      systemctl start lab-hub`);
      const before = await census({ run, ...rest });
      const { code, output } = await run('portwrap-spawner setup --yes');
      expect(output).toContain('start lab-hub.service');
      // that spawner needs no accounts of the machine
      expect((await run('cat /etc/portwrap-spawner/config.yaml')).output).toContain('mode: dynamic');
      expect(output).toContain(startsServers);
      expect(code, output).toBe(0);
      expect((await run('portwrap-spawner setup --yes')).output).toBe(nothing);
      expect((await run('portwrap-spawner setup --undo --yes')).code).toBe(0);
      expect(await census({ run, ...rest })).toEqual(before);
      expect((await run('systemctl show --property=ActiveState lab-hub.service')).output).toBe(
        'ActiveState=active\n',
      );
    });
  },
);

const refusal = refusalOfInternalSsl();

describe('a hub with internal_ssl', needsRoot, () => {
  test('is not waited for at its own API, and the service asks it through its proxy', {
    ...skipIf(refusal !== '', `no internal_ssl with this certipy and Python: ${refusal}`),
    timeout: 600_000,
  }, async () => {
    const { run } = await machineWith(`
      ${environment('/opt/hub')}
      mkdir /etc/hub
      echo 'c.JupyterHub.internal_ssl = True
c.JupyterHub.trusted_alt_names = ["IP:10.0.2.2"]' > /etc/hub/jupyterhub_config.py
      ${unit('/opt/hub/bin/python -m jupyterhub --config /etc/hub/jupyterhub_config.py')}
      systemctl start jupyterhub`);
    const { code, output } = await run(setup);
    expect(output).toContain(startsServers);
    expect(code, output).toBe(0);
    const config = (await run('cat /etc/portwrap-spawner/config.yaml')).output;
    expect(config).toContain('api_url: https://127.0.0.1:8081/hub/api\n');
    expect(config).toContain('public_api_url: http://127.0.0.1:8000/hub/api # because of internal_ssl\n');
    const check = /public_api_url of hub hub +ok +JupyterHub \d/;
    await expect
      .poll(async () => (await run('portwrap-spawner doctor')).output, { timeout: 60_000, interval: 1_000 })
      .toMatch(check);
  });
});

describe('The Littlest JupyterHub', needsRoot, () => {
  test('gets a file in jupyterhub_config.d, keeps its proxy, and its accounts', {
    timeout: 300_000,
  }, async () => {
    const { run } = await machineWith(`
      ${environment('/opt/tljh/hub')}
      mkdir -p /opt/tljh/config/jupyterhub_config.d
      echo 'import os
from glob import glob
c.JupyterHub.hub_port = 15001
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:15002"
c.ConfigurableHTTPProxy.auth_token = "0123456789abcdef"
c.Spawner.mem_limit = "1G"
for name in sorted(glob(os.environ["TLJH_INSTALL_PREFIX"] + "/config/jupyterhub_config.d/*.py")):
    load_subconfig(name)' > /opt/tljh/hub/jupyterhub_config.py
      ${unit(
        '/opt/tljh/hub/bin/python3 -m jupyterhub.app -f /opt/tljh/hub/jupyterhub_config.py',
        'Environment=TLJH_INSTALL_PREFIX=/opt/tljh',
      )}
      groupadd jupyterhub-users
      CONFIGPROXY_AUTH_TOKEN=0123456789abcdef setsid configurable-http-proxy --ip 127.0.0.1 --port 8000 --api-port 15002 < /dev/null > /dev/null 2>&1 &
      systemctl start jupyterhub`);
    const { output, code } = await run('portwrap-spawner setup --yes');
    expect(output).toContain(startsServers);
    expect(output).toContain("The hub's proxy stays");
    expect(code, output).toBe(0);
    expect((await run('ls /opt/tljh/config/jupyterhub_config.d')).output).toBe('portwrap.py\n');
    const config = (await run('cat /etc/portwrap-spawner/config.yaml')).output;
    expect(config).toMatch(/username: jupyter-\{username\}\n {2}create: true\n/);
    expect(config).toContain('resources: { memory: 1024M }');
    // smoke ran as a user without an account
    expect((await run('id -nG jupyter-smoke-test; stat -c %a /home/jupyter-smoke-test')).output).toBe(
      'jupyter-smoke-test jupyterhub-users\n700\n',
    );
    expect((await run('portwrap-spawner setup --yes')).output).toBe(nothing);
  });
});

describe('a machine without a hub', needsRoot, () => {
  test('setup refuses, changes nothing, and names the option that installs one', {
    timeout: 60_000,
  }, async () => {
    const { run, ...rest } = await machineWith('rm -f /lib/systemd/system/jupyterhub.service');
    const before = await census({ run, ...rest });
    const { code, output } = await run(setup);
    expect(output).toContain('--with-jupyterhub');
    expect(code).toBe(77);
    expect(await census({ run, ...rest })).toEqual(before);
  });
});
