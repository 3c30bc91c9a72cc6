// What migrate makes of the settings of each kind of spawner. Not here: with the real packages (test/ecosystem/).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import { keepValid } from '../../../../../spawner/commands/migrate/keep-valid.ts';
import type { HubFile, Value } from '../../../../../spawner/commands/migrate/read/settings.ts';
import { rulesOf } from '../../../../../spawner/commands/migrate/rules/kinds.ts';
import { translateTljh } from '../../../../../spawner/commands/migrate/tljh.ts';
import { translate } from '../../../../../spawner/commands/migrate/translate.ts';
import { hubLines } from '../../../../../spawner/commands/migrate/write/hub-lines.ts';
import { yamlText } from '../../../../../spawner/commands/migrate/write/text.ts';
import { hubFile, migrationSections } from '../../../../support/migration.ts';

const machine = { address: '192.0.2.1' };

function printed(file: HubFile) {
  const migration = keepValid(translate(file, machine));
  const text = yamlText(migration, hubLines(migration, yamlText(migration, [])));
  return { text, config: parseConfig(text, 'printed') };
}

const profile = (file: HubFile) => printed(file).config.profiles[0];

describe('SystemdSpawner', () => {
  const systemd = (traits: Readonly<Record<string, Value>>) =>
    hubFile('systemdspawner.SystemdSpawner', { SystemdSpawner: traits });

  test('limits, paths and devices become keys of the profile', () => {
    const found = profile(
      systemd({
        ...{ mem_limit: '4G', cpu_limit: 2, isolate_devices: true, default_shell: '/bin/zsh' },
        ...{
          readonly_paths: ['/', '-/srv'],
          readwrite_paths: ['/home/{USERNAME}'],
          extra_paths: ['/opt/bin/'],
        },
        user_workingdir: '/data/{USERNAME}',
        unit_extra_properties: {
          CPUWeight: '200',
          CPUQuota: '150%',
          TasksMax: '500',
          ExecStartPre: '+/bin/a b',
        },
      }),
    );
    expect(found).toMatchObject({
      resources: { memory: '4G', cpus: 1.5, cpu_weight: 200, processes: 500 },
      files: {
        ...{ view: 'strict', devices: 'basic', read_only: ['-/srv'], read_write: ['/home/{username}'] },
      },
      ...{ shell: '/bin/zsh', working_directory: '/data/{username}' },
      path: ['/opt/bin', '/usr/local/bin', '/usr/bin', '/bin'],
      hooks: { before_start: { command: ['/bin/a', 'b'], run_as: 'service' } },
    });
  });

  test('isolate_devices: False is the default of both, and sets nothing', () => {
    const { config, text } = printed(systemd({ isolate_devices: false }));
    expect(config.profiles[0]?.files.devices).toBe('all');
    expect(text).toContain('c.SystemdSpawner.isolate_devices: as files.devices: all');
  });

  test('the template of account names becomes that of accounts', () => {
    const { config } = printed(systemd({ username_template: 'jupyter-{USERNAME}' }));
    expect(config.accounts.username).toBe('jupyter-{username}');
  });
});

test('SlurmSpawner: the job of the launcher slurm, without limits that a job cannot have', () => {
  const { config, text } = printed(
    hubFile('batchspawner.SlurmSpawner', {
      Spawner: { mem_limit: '1G', cmd: ['batchspawner-singleuser', 'jupyterhub-singleuser'] },
      BatchSpawnerBase: { req_runtime: '8:00:00', req_partition: 'slow' },
      SlurmSpawner: {
        ...{ req_partition: 'main', req_memory: '4gb', req_nprocs: '2', req_ngpus: '1' },
        ...{ req_options: '--exclusive --mail-type END', req_prologue: 'module load x' },
      },
    }),
  );
  expect(config.slurm.report_listen).toMatchObject({ host: '192.0.2.1', port: 8096 });
  expect(config.profiles[0]).toMatchObject({
    launcher: 'slurm',
    command: ['jupyterhub-singleuser'],
    slurm: {
      ...{ partition: 'main', time: '8:00:00', memory: '4G', cpus: 2, gres: 'gpu:1' },
      options: ['--exclusive', '--mail-type=END'],
    },
    resources: { memory: null },
  });
  expect(text).toContain('c.BatchSpawnerBase.req_partition: not in force: c.SlurmSpawner.req_partition is');
});

test('ProfilesSpawner: each of its profiles, with the settings of its own class', () => {
  const { config } = printed(
    hubFile('wrapspawner.ProfilesSpawner', {
      Spawner: { mem_limit: '2G' },
      SlurmSpawner: { req_partition: 'main' },
      ProfilesSpawner: {
        profiles: [
          ['On this machine', 'Here!', 'jupyterhub.spawner.LocalProcessSpawner', { cpu_limit: 1 }],
          ['On the cluster', 'here', 'batchspawner.SlurmSpawner', { req_memory: '8G' }],
        ],
      },
    }),
  );
  expect(config.profiles).toMatchObject([
    { name: 'here', title: 'On this machine', resources: { memory: '2G', cpus: 1 }, launcher: 'local' },
    { name: 'here-2', launcher: 'slurm', slurm: { memory: '8G', partition: 'main' } },
  ]);
});

test('ProfilesSpawner with Docker beside Slurm: one mode of accounts, which both can have', () => {
  const profiles = [
    ['A', 'a', 'dockerspawner.DockerSpawner', { mem_limit: '1G' }],
    ['B', 'b', 'batchspawner.SlurmSpawner', {}],
  ];
  const { config, text } = printed(hubFile('wrapspawner.ProfilesSpawner', { ProfilesSpawner: { profiles } }));
  expect(config.accounts.mode).toBe('system');
  expect(config.profiles.map(({ launcher }) => launcher)).toEqual(['local', 'slurm']);
  expect(text).toContain('# Users of every profile need accounts of this machine');
});

test('ProfilesSpawner with accounts that a job cannot have: the YAML is valid, and says what is not done', () => {
  const profiles = [
    ['A', 'a', 'systemdspawner.SystemdSpawner', { dynamic_users: true }],
    ['B', 'b', 'batchspawner.SlurmSpawner', {}],
  ];
  const { text } = printed(hubFile('wrapspawner.ProfilesSpawner', { ProfilesSpawner: { profiles } }));
  expect(text).toContain('not done: profiles[].launcher slurm needs accounts that the nodes know');
});

test("KubeSpawner's profile list: its default first, and choices as an option", () => {
  const choice = (memory: string, more = {}) => ({
    ...{ display_name: memory, kubespawner_override: { mem_limit: memory } },
    ...more,
  });
  const { config, text } = printed(
    hubFile('kubespawner.KubeSpawner', {
      KubeSpawner: {
        cpu_guarantee: 1,
        profile_list: [
          {
            ...{ display_name: 'Large', description: 'Much' },
            profile_options: {
              memory: { choices: { a: choice('16G'), b: choice('64G', { default: true }) } },
            },
          },
          {
            display_name: 'Small',
            slug: 's',
            default: true,
            kubespawner_override: { cpu_limit: 1, image: 'x' },
          },
        ],
      },
    }),
  );
  expect(config.accounts.mode).toBe('dynamic');
  expect(config.profiles).toMatchObject([
    { name: 's', title: 'Small', resources: { cpus: 1 } },
    {
      ...{ name: 'large', title: 'Large', description: 'Much' },
      options: [
        {
          ...{ name: 'memory', default: 'b' },
          choices: [
            { name: 'a', title: '16G', sets: { resources: { memory: '16G' } } },
            { name: 'b', title: '64G', sets: { resources: { memory: '64G' } } },
          ],
        },
      ],
    },
  ]);
  expect(text).toContain('c.KubeSpawner.profile_list["Small"].image: ');
  expect(text).toContain(
    'profile_options["memory"].choices["a"].mem_limit: profiles[].options[].choices[].sets.resources.memory\n',
  );
});

describe("KubeSpawner's profile_options", () => {
  const options = (given: Value) =>
    printed(
      hubFile('kubespawner.KubeSpawner', {
        KubeSpawner: { profile_list: [{ display_name: 'Lab', profile_options: given }] },
      }),
    );
  const size = { a: { display_name: 'A', kubespawner_override: { mem_limit: '2G' } } };

  test('a choice sets what a choice can set, and the rest is told', () => {
    const { config, text } = options({
      Größe: {
        display_name: 'Größe',
        choices: {
          small: {
            ...{ display_name: 'Small', description: 'One CPU' },
            kubespawner_override: {
              ...{ cpu_limit: 1, mem_limit: '1', environment: { THREADS: '1', API_TOKEN: 's3cret-value' } },
              ...{ image: 'x', default_url: '/lab', cpu_guarantee: 1 },
            },
          },
        },
      },
    });
    expect(config.profiles[0]?.options).toMatchObject([
      {
        ...{ name: 'gr-e', title: 'Größe', default: 'small' },
        choices: [
          {
            ...{ name: 'small', title: 'Small', description: 'One CPU' },
            sets: { resources: { cpus: 1, memory: null }, environment: { THREADS: '1' } },
          },
        ],
      },
    ]);
    const of = 'profile_options["Größe"].choices["small"]';
    expect(text).toContain(`${of}.mem_limit: not done: resources.memory must be a size`);
    expect(text).toContain(`${of}.image: `);
    expect(text).toContain(`${of}.default_url: cannot be set by a choice`);
    expect(text).toContain(`${of}.environment: keep API_TOKEN`);
    expect(text).not.toContain('s3cret');
  });

  test('a text that users write goes where the value of KubeSpawner goes', () => {
    const text = {
      ...{ enabled: true, display_name_in_choices: 'Another', validation_regex: '^[a-z]+$' },
      ...{ validation_message: 'Small letters', kubespawner_override: { environment: { P: 'x-{value}' } } },
    };
    const { config } = options({ project: { choices: size, unlisted_choice: text } });
    expect(config.profiles[0]?.options[0]?.other).toMatchObject({
      ...{ title: 'Another', description: 'Small letters', pattern: '^[a-z]+$' },
      sets: { environment: { P: 'x-{value}' } },
    });
  });

  test.each([
    ['goes nowhere', { kubespawner_override: { image: '{value}' } }, 'the text goes nowhere here'],
    ['has a pattern of Python', { validation_regex: '(?P<a>x)' }, 'its pattern is one of Python alone'],
    [
      'would choose the program',
      { kubespawner_override: { cmd: ['{value}'] } },
      'users do not choose the program',
    ],
  ])('a text that %s is left to a person', (_, given, why) => {
    const { config, text } = options({ o: { choices: size, unlisted_choice: { enabled: true, ...given } } });
    expect(config.profiles[0]?.options[0]?.other).toBeNull();
    expect(text).toContain(why);
  });

  test('what is code is told, wherever it is', () => {
    const code = { $python: 'a function' };
    const choices = { ...size, b: { kubespawner_override: code }, c: code };
    const { text } = options({
      whole: code,
      size: { choices, unlisted_choice: code },
      none: { choices: code },
    });
    for (const place of [
      ...['["whole"]', '["size"].choices["b"].kubespawner_override', '["size"].choices["c"]'],
      ...['["size"].unlisted_choice', '["none"].choices'],
    ])
      expect(text).toContain(`profile_options${place}: it is code: set it by hand\n`);
  });

  test('options whose choices set nothing, or that have none, are told and left out', () => {
    const image = { choices: { a: { kubespawner_override: { image: 'x' } } } };
    const { config, text } = options({
      image,
      text: { unlisted_choice: { enabled: true } },
      size: { choices: size },
    });
    expect(config.profiles[0]?.options.map(({ name }) => name)).toEqual(['size']);
    expect(text).toContain('profile_options["image"]: its choices set nothing that a choice can set here');
    expect(text).toContain('profile_options["text"]: ');
  });
});

test('DockerSpawner: volumes are the places on the machine; those that Docker keeps are told', () => {
  const { config, text } = printed(
    hubFile('dockerspawner.DockerSpawner', {
      DockerSpawner: {
        volumes: {
          '/data/{username}': '/data',
          'user-{username}': '/home/jovyan',
          '/a': { bind: '/b', mode: 'ro' },
        },
        read_only_volumes: { '/srv': '/srv' },
        notebook_dir: '/home/jovyan/work',
      },
    }),
  );
  expect(config.accounts.mode).toBe('dynamic');
  expect(config.profiles[0]?.files).toMatchObject({
    read_write: ['/data/{username}'],
    read_only: ['/a', '/srv'],
  });
  expect(text).toContain('a volume that Docker keeps has no counterpart');
  expect(text).not.toContain('working_directory: /home');
});

test('LocalProcessSpawner: the times that it gives a server become one', () => {
  const traits = { term_timeout: 20, shell_cmd: ['bash', '-lc'] };
  const found = profile(hubFile('jupyterhub.spawner.LocalProcessSpawner', { LocalProcessSpawner: traits }));
  expect(found).toMatchObject({ stop_timeout: 30, login_shell: true });
});

test('a setting of another class that the plugin obeys becomes a line of c.Spawner', () => {
  const { text } = printed(
    hubFile('sudospawner.SudoSpawner', { SudoSpawner: { default_url: '/lab', debug: true } }),
  );
  expect(text).toContain('#   c.Spawner.default_url = "/lab"\n');
  expect(text).toContain('#   c.Spawner.debug = True\n');
});

test('start_timeout leaves the profile a little less, and stays', () => {
  const { text, config } = printed(hubFile('systemd', { Spawner: { start_timeout: 300 } }));
  expect(config.profiles[0]?.ready_timeout).toBe(295);
  expect(text).toContain('#   c.Spawner.start_timeout = 300 ');
});

test('a value that the YAML cannot have is left out and told', () => {
  const { config, text } = printed(hubFile('systemd', { Spawner: { mem_limit: '1M' } }));
  expect(config.profiles[0]?.resources.memory).toBeNull();
  expect(text).toContain('c.Spawner.mem_limit: not done: profiles[].resources.memory must be a size');
});

test('an address of a hub that sandboxes do not reach is left out and told', () => {
  const file = { ...hubFile('systemd', {}), apiUrl: 'http://127.0.0.5:8081/hub/api' };
  expect(printed(file).text).toContain('not done: hubs[].api_url must have the host 127.0.0.1');
});

test('the culler of the hub becomes culling of every profile', () => {
  const cullers = [{ name: 'cull', options: { timeout: 3600, 'max-age': 0 }, others: ['--cull-users'] }];
  const { config, text } = printed({ ...hubFile('systemd', {}), cullers });
  expect(config.profiles[0]?.culling).toMatchObject({ idle_timeout: 3600, max_age: null });
  expect(text).toContain('c.JupyterHub.services["cull"] --cull-users: users are not removed');
});

test('of TLJH the limits and the culling are taken over, and what may be secret is only named', () => {
  const text = `
auth: {type: x.GitHub, GitHubOAuthenticator: {client_secret: hidden-value}}
limits: {memory: 1G, cpu: 2}
services: {cull: {timeout: 3600}}
user_environment: {default_app: jupyterlab}
`;
  const migration = keepValid(translateTljh('/opt/tljh/config/config.yaml', text));
  const printedText = yamlText(migration, hubLines(migration, yamlText(migration, [])));
  expect(parseConfig(printedText, 'printed')).toMatchObject({
    accounts: { username: 'jupyter-{username}', create: true },
    profiles: [{ resources: { memory: '1G', cpus: 2 }, culling: { idle_timeout: 3600 } }],
  });
  expect(printedText).toContain('auth.GitHubOAuthenticator\n');
  expect(printedText).toContain('user_environment.default_app\n');
  expect(printedText).not.toContain('hidden-value');
});

const marker = 'tok3nvalue4711abcdef';
const secret: fc.Arbitrary<Value> = fc.constantFrom<Value>(
  marker,
  `https://user:${marker}@host/x`,
  ['--token', marker],
  { password: marker },
  `API_KEY=${marker}`,
);
const data: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(
    null,
    true,
    false,
    0,
    1.5,
    -1,
    4096,
    '',
    '2G',
    '/x',
    '/data/{USERNAME}',
    'a\nb: c # d',
    '{',
    '%',
  ),
  fc.array(fc.constantFrom('/', '/a b', '--x=1', ''), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('A', 'MemoryMax', '/v', 'B C'), fc.constantFrom<Value>('1G', 'x', null)),
  fc.constant<Value>({ $python: 'a function' }),
  secret,
);
const kinds = Object.keys(rulesOf).filter((name) => name !== 'Spawner' && name !== 'BatchSpawnerBase');
const trait = fc.constantFrom(
  'unheard_of',
  'profile_list',
  ...Object.values(rulesOf).flatMap(({ traits }) => Object.keys(traits)),
);

describe('whatever a file sets', () => {
  const section = fc.constantFrom('Spawner', 'JupyterHub', 'Authenticator', ...Object.keys(rulesOf));
  const settings = fc.dictionary(section, fc.dictionary(trait, data, { maxKeys: 6 }), { maxKeys: 4 });

  test('the YAML is valid, every setting is told, and no secret is printed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds, 'x.Unknown'), settings, (kind, given) => {
        const { text } = printed(hubFile(kind, given));
        for (const [name, traits] of Object.entries(given))
          for (const one of Object.keys(traits)) {
            if (one === 'profile_list' && name === 'KubeSpawner' && kind !== 'KubeSpawner') continue;
            expect(text).toContain(`c.${name}.${one}`);
          }
        expect(text).not.toContain(marker);
        expect(text.split('\n').filter((line) => line.startsWith('#') && /[\p{Cc}]/u.test(line))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("whatever KubeSpawner's profile list has", () => {
  const overrides = fc.dictionary(trait, data, { maxKeys: 4 });
  const words = fc.constantFrom('A', 'b c', 'Größe', '', 'profile', ':x', '"', 'a\nb');
  const choice = fc.record(
    { display_name: words, default: fc.boolean(), description: words, kubespawner_override: overrides },
    { requiredKeys: [] },
  );
  const unlisted = fc.record(
    {
      ...{ enabled: fc.boolean(), display_name: words, validation_message: words },
      validation_regex: fc.constantFrom('[a-z]+', '(?P<a>x)', ''),
      kubespawner_override: fc.oneof(overrides, fc.constant({ environment: { P: '{value}' } })),
    },
    { requiredKeys: [] },
  );
  const option = fc.record(
    {
      display_name: words,
      choices: fc.dictionary(words, fc.oneof(choice, data), { maxKeys: 3 }),
      unlisted_choice: unlisted,
    },
    { requiredKeys: [] },
  );
  const entry = fc.record(
    {
      ...{ display_name: words, slug: words, default: fc.boolean(), kubespawner_override: overrides },
      profile_options: fc.dictionary(words, fc.oneof(option, data), { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  );

  test('the YAML is valid, every option is told, and no secret is printed', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 3 }), (list) => {
        const file = hubFile('kubespawner.KubeSpawner', { KubeSpawner: { profile_list: list as Value } });
        const { text } = printed(file);
        for (const { profile_options: options = {} } of list)
          for (const [key, one] of Object.entries(options))
            if (typeof one === 'object' && one !== null && 'choices' in one && !key.includes('\n'))
              expect(text).toContain(`.profile_options[${JSON.stringify(key)}]: `);
        expect(text).not.toContain(marker);
      }),
      { numRuns: 200 },
    );
  });
});

describe('docs/migrating.md', () => {
  const known = new Set(Object.values(rulesOf).flatMap(({ traits }) => Object.keys(traits)));
  const sections = migrationSections().filter(({ language }) => language === 'python');

  test('has an example and a table for each spawner', () => {
    expect(sections.map(({ title }) => title)).toEqual([
      ...['LocalProcessSpawner', 'SudoSpawner', 'SystemdSpawner', 'BatchSpawner'],
      ...['WrapSpawner and ProfilesSpawner', 'DockerSpawner', "KubeSpawner's profile list"],
    ]);
  });

  test('its example of TLJH is migrated', () => {
    const tljh = migrationSections().find(({ language }) => language === 'yaml');
    const migration = keepValid(translateTljh('/opt/tljh/config/config.yaml', tljh?.example ?? ''));
    const text = yamlText(migration, hubLines(migration, yamlText(migration, [])));
    expect(parseConfig(text, 'printed').profiles[0]).toMatchObject({
      ...{ resources: { memory: '1G', cpus: 2 }, culling: { idle_timeout: 3600 } },
    });
    for (const name of ['users.admin', 'users.extra_user_groups', 'user_environment.default_app'])
      expect(text).toContain(name);
  });

  test.each(sections)('migrate has a rule for every setting in the table of $title', ({ settings }) => {
    expect(settings.length).toBeGreaterThan(4);
    const names = settings.map((name) => name.replace(/^c\.\w+\./, ''));
    expect(names.filter((name) => !known.has(name) && !partsOfProfiles.includes(name))).toEqual([]);
  });
});

/** Keys of KubeSpawner's profile list, and settings that the profiles are made of. */
const partsOfProfiles = [
  ...['display_name', 'slug', 'description', 'kubespawner_override', 'profile_options', 'choices'],
  ...[
    'unlisted_choice',
    'validation_regex',
    'validation_message',
    'display_name_in_choices',
    'profile_list',
    'profiles',
    'child_class',
    'child_config',
  ],
  ...['internal_ssl', 'services'],
];
