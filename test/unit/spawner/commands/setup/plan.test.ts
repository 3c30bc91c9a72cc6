// What setup plans for which machine. Not here: doing it (test/integration/setup).
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import type { Choices } from '../../../../../spawner/commands/setup/look/choices.ts';
import type { Facts, FileFact, Hub, HubSettings } from '../../../../../spawner/commands/setup/look/facts.ts';
import { withBlock } from '../../../../../spawner/commands/setup/plan/block.ts';
import { plan } from '../../../../../spawner/commands/setup/plan/plan.ts';
import { planText } from '../../../../../spawner/commands/setup/plan/steps.ts';

const etc = '/etc/portwrap-spawner';

const settings: HubSettings = {
  version: '5.2.1',
  configFile: '/etc/jupyterhub/jupyterhub_config.py',
  prefix: '/opt/hub',
  hasPip: true,
  isExternallyManaged: false,
  plugin: null,
  pluginPath: null,
  bindUrl: 'http://:8000',
  apiUrl: 'http://127.0.0.1:8081/hub/api',
  publicApiUrl: null,
  usesTls: false,
  authenticator: 'jupyterhub.auth.PAMAuthenticator',
  allowsUsers: true,
  spawner: 'jupyterhub.spawner.LocalProcessSpawner',
  usernameTemplate: null,
  memoryLimit: null,
  cpuLimit: null,
  startTimeout: 60,
  cleansUpServers: true,
  proxy: {
    kind: 'jupyterhub.proxy.ConfigurableHTTPProxy',
    isConfigurableHttpProxy: true,
    isStartedByHub: true,
    apiUrl: 'http://127.0.0.1:8001',
  },
  services: [],
  userScopes: null,
};

const hubWith = (change: Partial<HubSettings> = {}, place: Partial<Hub> = {}): Hub => ({
  kind: 'other',
  unit: 'jupyterhub.service',
  python: '/opt/hub/bin/python',
  arguments: ['--config', '/etc/jupyterhub/jupyterhub_config.py'],
  directory: '/var/lib/jupyterhub',
  environment: {},
  uid: 0,
  gid: 0,
  owner: { uid: 0, gid: 0 },
  ...place,
  settings: { ...settings, ...change },
});

const choices: Choices = {
  config: `${etc}/config.yaml`,
  proxy: undefined,
  withJupyterHub: false,
  hubPython: undefined,
  hubConfig: undefined,
  printConfig: false,
};

const factsWith = (change: Partial<Facts> = {}): Facts => ({
  programs: {
    version: '0.1.0',
    directory: '/usr/bin',
    shippedUnits: new Map(),
    shippedTmpfiles: null,
    wheel: '/usr/share/portwrap-spawner/portwrap_spawner-0.1.0-py3-none-any.whl',
    requirements: null,
    hasUnits: true,
    nodeDirectory: null,
  },
  hub: hubWith(),
  files: new Map(),
  units: new Map(),
  proxyAccount: { uid: 995, gid: 995 },
  appArmorProfile: null,
  venvPython: null,
  choices,
  ...change,
});

const file = (text: string, mode = 0o600): FileFact => ({ text, mode: 0o100000 | mode, uid: 0, gid: 0 });
const active = { isEnabled: true, isActive: true };
const doings = (facts: Facts) => plan(facts).steps.map((step) => step.do);
const commands = (facts: Facts) =>
  plan(facts).steps.flatMap((step) => (step.do === 'command' ? [step.command.join(' ')] : []));

describe('a hub of the Debian package of our programs', () => {
  test('the plan, as people read it', () => {
    expect(planText(plan(factsWith()))).toBe(`  1. make /etc/portwrap-spawner
  2. make the tokens (only root reads them): ${etc}/hub.token, ${etc}/proxy.token, ${etc}/page.token
  3. make ${etc}/proxy.env, the proxy's token for its unit
  4. write ${etc}/config.yaml
  5. check ${etc}/config.yaml
  6. install the plugin in /opt/hub with pip
  7. write /etc/jupyterhub/jupyterhub_config.py, which the hub reads
  8. load the hub's configuration with the new lines, before the hub does
  9. enable and start portwrap-spawner.service
 10. wait until the service answers
 11. stop jupyterhub.service, and with it the hub's own proxy
 12. enable and start portwrap-proxy.socket, portwrap-proxy-api.socket, portwrap-proxy.service
 13. start jupyterhub.service
 14. wait until the hub answers
 15. close the host ports of servers to other accounts of this machine (portwrap-ports.service, one nftables rule)

  - The servers that users have now (jupyterhub.spawner.LocalProcessSpawner) end when the hub restarts.
  - portwrap-proxy takes the place of the hub's proxy; --hub-proxy keep leaves it.
`);
  });

  test('nothing is checked or restarted before everything is written', () => {
    const order = doings(factsWith());
    const firstStart = order.indexOf('check-config');
    expect(order.slice(0, firstStart)).not.toContain('hub');
    expect(order.slice(firstStart)).not.toContain('file');
    expect(order.indexOf('check-hub')).toBeLessThan(order.indexOf('hub'));
  });

  test('a machine that is set up gets an empty plan', () => {
    expect(plan(setUp())).toMatchObject({ steps: [], notes: [] });
  });
});

/** A machine on which everything is done, with another version of the plugin or settings of the hub. */
function setUp(change: Partial<HubSettings> = {}, more: Partial<Facts> = {}): Facts {
  const first = plan(factsWith());
  return factsWith({
    hub: hubWith({
      plugin: '0.1.0',
      spawner: 'portwrap_spawner.spawner.PortwrapSpawner',
      startTimeout: 75,
      cleansUpServers: false,
      services: ['portwrap'],
      userScopes: ['self', 'access:services!service=portwrap'],
      proxy: { ...settings.proxy, isStartedByHub: false },
      ...change,
    }),
    files: new Map([
      [etc, file('', 0o755)],
      ...['hub', 'proxy', 'page'].map((name): [string, FileFact] => [`${etc}/${name}.token`, file('x')]),
      [`${etc}/proxy.env`, file('x')],
      [`${etc}/config.yaml`, file(first.config)],
      [settings.configFile, file(withBlock('c.JupyterHub.port = 8000\n', first.hubLines))],
    ]),
    units: new Map(
      ['spawner.service', 'ports.service', 'proxy.service', 'proxy.socket', 'proxy-api.socket'].map(
        (name) => [`portwrap-${name}`, active],
      ),
    ),
    ...more,
  });
}

test('where the hub says of nobody that they may sign in, setup does', () => {
  expect(plan(factsWith({ hub: hubWith({ allowsUsers: false }) })).notes.join()).toContain('allow_all');
  expect(plan(factsWith()).notes.join()).not.toContain('allow_all');
});

describe('what runs already', () => {
  const restarts = (facts: Facts) =>
    commands(facts).filter((command) => command.startsWith('systemctl restart'));
  const byNpm = { ...factsWith().programs, hasUnits: false, directory: '/usr/local/bin' };

  test('is restarted after npm has upgraded it, before the plugin says that it was', () => {
    const facts = setUp({ plugin: '0.0.9' }, { programs: byNpm });
    const order = commands(facts);
    expect(restarts(facts)).toEqual([
      'systemctl restart portwrap-spawner.service',
      'systemctl restart portwrap-proxy.service',
    ]);
    expect(order.findIndex((one) => one.includes('pip'))).toBeGreaterThan(
      order.indexOf('systemctl restart portwrap-proxy.service'),
    );
  });

  test('is not restarted once more after the Debian package has done that, nor when nothing is new', () => {
    expect(restarts(setUp({ plugin: '0.0.9' }))).toEqual([]);
    expect(restarts(setUp({}, { programs: byNpm }))).toEqual([]);
  });

  test('is restarted with its new files: the proxy with its sockets, when the address of the hub changes', () => {
    const moved = setUp({ bindUrl: 'http://:9000' });
    expect(commands(moved)).toEqual([
      'systemctl daemon-reload',
      'systemctl restart portwrap-proxy.socket portwrap-proxy-api.socket portwrap-proxy.service',
    ]);
  });
});

describe('whose proxy', () => {
  test.each([
    ['one that the hub starts is replaced', {}, {}, {}, true],
    ['with TLS it stays', { usesTls: true }, {}, {}, false],
    [
      'one of another kind stays',
      { proxy: { ...settings.proxy, isConfigurableHttpProxy: false } },
      {},
      {},
      false,
    ],
    ['one that runs by itself stays', { proxy: { ...settings.proxy, isStartedByHub: false } }, {}, {}, false],
    ["TLJH's stays", {}, { kind: 'tljh' }, {}, false],
    ['that of a hub without a unit stays', {}, { unit: null }, {}, false],
    ['it stays when the administrator says so', {}, {}, { proxy: 'keep' }, false],
  ] as const)('%s', (_, change, place, chosen, ours) => {
    const planned = plan(factsWith({ hub: hubWith(change, place), choices: { ...choices, ...chosen } }));
    expect(parseConfig(planned.config, 'config.yaml').proxy !== null).toBe(ours);
    expect(planned.hubLines.includes('should_start = False')).toBe(ours);
    expect(planned.steps.some(({ what }) => what.includes('portwrap-proxy'))).toBe(ours);
  });

  test('ours listens where the hub wants it, and falls back to the address of the hub', () => {
    const hub = hubWith({
      bindUrl: 'http://127.0.0.1:9000/base/',
      apiUrl: 'http://127.0.0.1:9081/base/hub/api',
    });
    const units = plan(factsWith({ hub })).steps.flatMap((step) => (step.do === 'file' ? [step.text] : []));
    expect(units.join()).toContain('ListenStream=\nListenStream=127.0.0.1:9000\n');
    expect(units.join()).toContain(
      '--ip 127.0.0.1 --port 9000 --api-ip 127.0.0.1 --api-port 8001 --default-target http://127.0.0.1:9081 ',
    );
  });
});

describe('a hub with internal_ssl', () => {
  test.each(['http://127.0.0.1:8000/hub/api', 'https://hub.example.org/hub/api'])(
    'is asked through its proxy: %s',
    (publicApiUrl) => {
      const hub = hubWith({ apiUrl: 'https://127.0.0.1:8081/hub/api', publicApiUrl, usesTls: true });
      const { config } = plan(factsWith({ hub }));
      expect(parseConfig(config, 'config.yaml').hubs[0]).toMatchObject({
        ...{ api_url: 'https://127.0.0.1:8081/hub/api', public_api_url: publicApiUrl },
      });
    },
  );
});

describe('the plugin', () => {
  const install = (hub: Hub) =>
    plan(factsWith({ hub })).steps.find(({ what }) => what.includes('the plugin'));

  test('pip runs as the owner of the environment', () => {
    const step = install(hubWith({}, { owner: { uid: 990, gid: 991 } }));
    expect(step).toMatchObject({ do: 'command' });
    expect(step?.do === 'command' && step.command.slice(0, 3)).toEqual([
      'setpriv',
      '--reuid=990',
      '--regid=991',
    ]);
  });

  test.each([
    ['is externally managed', { isExternallyManaged: true }],
    ['has no pip', { hasPip: false }],
  ])('goes into a directory of ours, which the hub is told, where Python %s', (_, change) => {
    const hub = hubWith(change);
    expect(install(hub)).toMatchObject({ do: 'tree', path: '/opt/portwrap-spawner/plugin' });
    expect(plan(factsWith({ hub })).hubLines).toContain('sys.path.insert(0, "/opt/portwrap-spawner/plugin")');
  });

  test('that is there already stays, and the hub is told of no directory', () => {
    const hub = hubWith({
      plugin: '0.1.0',
      pluginPath: '/usr/lib/python3/dist-packages',
      isExternallyManaged: true,
    });
    expect(install(hub)).toBeUndefined();
    expect(plan(factsWith({ hub })).hubLines).not.toContain('sys.path');
  });

  test('of an older version is replaced', () => {
    expect(install(hubWith({ plugin: '0.0.9', pluginPath: '/opt/hub/lib' }))?.what).toContain(
      'replace version 0.0.9',
    );
  });
});

describe('the hub', () => {
  test('with an account of its own gets tokens that its group reads', () => {
    const planned = plan(factsWith({ hub: hubWith({}, { uid: 990, gid: 991 }) }));
    const tokens = planned.steps.filter((step) => step.do === 'token');
    expect(tokens.map(({ gid }) => gid)).toEqual([991, 991, 991]);
  });

  test('keeps the administrator\'s role "user"; the page is then for administrators', () => {
    const { hubLines, notes } = plan(factsWith({ hub: hubWith({ userScopes: ['self', 'list:users'] }) }));
    expect(hubLines).not.toContain('load_roles');
    expect(notes.join()).toContain('access:services!service=portwrap');
  });

  test('keeps a longer start_timeout', () => {
    expect(plan(factsWith({ hub: hubWith({ startTimeout: 300 }) })).hubLines).toContain(
      'start_timeout = 300',
    );
  });

  test('with --print-config is neither changed nor restarted', () => {
    const printing = factsWith({ choices: { ...choices, printConfig: true, proxy: 'keep' } });
    expect(doings(printing).filter((one) => ['block', 'hub', 'check-hub'].includes(one))).toEqual([]);
  });

  test.each([
    [
      'TLJH',
      hubWith({}, { kind: 'tljh' }),
      { mode: 'system', username: 'jupyter-{username}', create: true, groups: ['jupyterhub-users'] },
    ],
    [
      'SystemdSpawner with a template',
      hubWith({ spawner: 'systemdspawner.systemdspawner.SystemdSpawner', usernameTemplate: 'u-{USERNAME}' }),
      { mode: 'system', username: 'u-{username}', create: false },
    ],
    ['DockerSpawner', hubWith({ spawner: 'dockerspawner.dockerspawner.DockerSpawner' }), { mode: 'dynamic' }],
    ['LocalProcessSpawner', hubWith(), { mode: 'system', username: '{username}', create: false }],
  ])('of %s keeps its kind of accounts', (_, hub, accounts) => {
    expect(parseConfig(plan(factsWith({ hub })).config, 'config.yaml').accounts).toMatchObject(accounts);
  });
});

describe('an existing configuration', () => {
  const text = `service: { listen: "unix:/run/portwrap-api/api.sock" }
hubs: [{ name: mine, token_file: /srv/secret/token }]
profiles: [{ name: default }]
`;
  const facts = factsWith({
    files: new Map([
      [etc, file('')],
      [`${etc}/config.yaml`, file(text)],
    ]),
  });

  test('is not written, and the hub gets what it says', () => {
    const { steps, hubLines } = plan(facts);
    expect(steps.filter((step) => step.do === 'file')).toEqual([]);
    expect(hubLines).toContain('service_url = "unix:///run/portwrap-api/api.sock"');
    expect(hubLines).toContain('service_token_file = "/srv/secret/token"');
    expect(hubLines).not.toMatch(/ConfigurableHTTPProxy|services/);
    expect(commands(facts).join()).not.toContain('portwrap-proxy');
  });

  test('without a token file of the hub is refused', () => {
    const other = text.replace('token_file: /srv/secret/token', 'token_env: HUB_TOKEN');
    const files = new Map([[`${etc}/config.yaml`, file(other)]]);
    expect(() => plan(factsWith({ files }))).toThrow(/has no token_file/);
  });
});

describe('a machine without a hub', () => {
  test('is refused, with the option that installs one', () => {
    expect(() => plan(factsWith({ hub: null }))).toThrow(
      expect.objectContaining({ code: 'SETUP_REFUSED', hint: expect.stringContaining('--with-jupyterhub') }),
    );
  });

  test('gets an environment, its unit and its configuration', () => {
    const facts = factsWith({
      hub: null,
      venvPython: '/usr/bin/python3',
      choices: { ...choices, withJupyterHub: true },
    });
    const written = plan(facts).steps.flatMap((step) => ('path' in step ? [step.path] : []));
    expect(written).toEqual(
      expect.arrayContaining([
        '/opt/portwrap-spawner/hub',
        '/etc/portwrap-spawner/jupyterhub_config.py',
        '/etc/systemd/system/jupyterhub.service',
        '/var/lib/jupyterhub',
      ]),
    );
    expect(commands(facts)).toContain('systemctl enable --now jupyterhub.service');
  });

  test('keeps the database of an earlier hub: what setup has not made, no undo removes', () => {
    const facts = factsWith({
      hub: null,
      venvPython: '/usr/bin/python3',
      choices: { ...choices, withJupyterHub: true },
      files: new Map([['/var/lib/jupyterhub', file('')]]),
    });
    const trees = plan(facts).steps.flatMap((step) => (step.do === 'tree' ? [step.path] : []));
    expect(trees).toEqual(['/opt/portwrap-spawner/hub']);
  });

  test('gets the plugin of an upgrade without an undo of its own: the environment goes as a whole', () => {
    const undosOf = (kind: Hub['kind']) =>
      plan(factsWith({ hub: hubWith({ plugin: '0.0.9' }, { kind }) })).steps.flatMap((step) =>
        step.do === 'command' && step.command.includes('pip') ? [step.undo] : [],
      );
    expect(undosOf('ours')).toEqual([null]);
    expect(undosOf('other')).toEqual([expect.arrayContaining(['uninstall'])]);
  });
});

test('units for programs that npm has installed say where they are', () => {
  const shippedUnits = new Map([
    ['portwrap-spawner.service', '[Service]\nExecStart=/usr/bin/portwrap-spawner serve\n'],
  ]);
  const programs = {
    ...factsWith().programs,
    ...{ shippedUnits, directory: '/usr/local/bin', hasUnits: false, nodeDirectory: '/opt/node/bin' },
  };
  const [unit] = plan(factsWith({ programs })).steps.flatMap((step) =>
    step.do === 'file' && step.path.endsWith('portwrap-spawner.service') ? [step.text] : [],
  );
  expect(unit).toContain('ExecStart=/usr/local/bin/portwrap-spawner serve');
  expect(unit).toContain('[Service]\nEnvironment=PATH=/opt/node/bin:');
});

test('no step contains a secret: tokens are made when they are written', () => {
  const facts = factsWith({ files: new Map([[`${etc}/hub.token`, file('a-secret-of-the-hub', 0o644)]]) });
  expect(JSON.stringify(plan(facts))).not.toContain('a-secret-of-the-hub');
});

test('where AppArmor restricts namespaces, the profile is written and loaded before anything is started', () => {
  const { steps } = plan(factsWith({ appArmorProfile: 'profile portwrap {}' }));
  const written = steps.findIndex((step) => step.do === 'file' && step.path === '/etc/apparmor.d/portwrap');
  const loaded = steps.findIndex((step) => step.do === 'command' && step.command[0] === 'apparmor_parser');
  const started = steps.findIndex((step) => step.do === 'command' && step.command[1] === 'enable');
  expect(written).toBeGreaterThan(0);
  expect([written < loaded, loaded < started]).toEqual([true, true]);
});
