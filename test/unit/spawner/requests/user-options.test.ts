// What users choose: whatever they send, only declared names with allowed values become variables.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { parseConfig } from '../../../../config/load.ts';
import { startRequest } from '../../../../spawner/requests/start-request.ts';
import { chosenOptions } from '../../../../spawner/requests/user-options.ts';

const config = parseConfig(
  `
hubs: [{name: hub, token_env: T}]
profiles:
  - name: p
    options:
      - {name: size, variable: SIZE, choices: [small, large], default: small}
      - {name: cores, variable: CORES, type: number, min: 1, max: 8}
      - {name: greeting, variable: GREETING, type: text, pattern: "[a-z ]{1,9}"}
      - {name: gpu, variable: GPU, type: boolean, default: false}
      - {name: constructor, variable: CONSTRUCTOR, type: text}
`,
  'f',
);
const options = config.profiles[0]?.options ?? [];
const eve = { user: 'eve', groups: [], unixGroups: [] };
const environmentOf = (chosen: Parameters<typeof chosenOptions>[1]) =>
  chosenOptions(options, chosen, eve).environment;
const defaults = { SIZE: 'small', GPU: 'false' };

test('without a choice the defaults hold, and what has none is not set', () => {
  expect(environmentOf({})).toEqual(defaults);
});

test.each([
  ['a script', { size: 'large', cores: 4, greeting: 'hi you', gpu: true }],
  ['a form', { size: ['large'], cores: ['4'], greeting: ['hi you'], gpu: ['on'] }],
])('%s gets the same variables', (_who, chosen) => {
  expect(environmentOf(chosen)).toEqual({
    ...{ SIZE: 'large', CORES: '4', GREETING: 'hi you', GPU: 'true' },
  });
});

test('a field of a form that was left empty is no choice', () => {
  expect(environmentOf({ size: [''], cores: [''], greeting: '' })).toEqual(defaults);
});

describe('is refused, by name and rule, without the value', () => {
  test.each([
    [
      'an option that is not declared',
      { sise: 'secret-1' },
      '"sise" is not one of this profile; did you mean "size"?',
    ],
    ['a choice that there is not', { size: 'secret-1' }, 'must be one of small, large'],
    ['two values', { size: ['small', 'large'] }, 'must be one value'],
    ['a number that is too small', { cores: 0 }, 'at least 1'],
    ['a number that is too large', { cores: '9' }, 'at most 8'],
    ['text for a number', { cores: 'secret-1' }, 'must be a number'],
    ['a number in another notation', { cores: '0x4' }, 'must be a number'],
    ['a text that does not match as a whole', { greeting: 'hi secret-1' }, 'must match [a-z ]{1,9}'],
    ['a text with a line break', { constructor: 'a\nb' }, 'control characters'],
    ['a long text', { constructor: 'x'.repeat(257) }, 'at most 256'],
    ['a number for a text', { greeting: 5 }, 'must be text'],
    ['a word for a boolean', { gpu: 'constructor' }, 'must be true or false'],
  ])('%s', (_what, chosen, rule) => {
    const error = thrown(() => environmentOf(chosen));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: expect.stringContaining(rule) });
    expect(error.message).not.toContain('secret-1');
  });
});

test('nothing that a stranger sends becomes anything but a declared variable, or throws anything else', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const parsed = startRequest.safeParse({ spawn_id: 'abcdefgh', user_options: JSON.parse(text) });
      if (!parsed.success) return;
      try {
        const variables = environmentOf(parsed.data.user_options);
        for (const name of Object.keys(variables))
          expect(['SIZE', 'CORES', 'GREETING', 'GPU', 'CONSTRUCTOR']).toContain(name);
      } catch (error) {
        expect(error).toBeInstanceOf(PortwrapError);
      }
    }),
  );
});

describe('memory and cpus', () => {
  const limits =
    parseConfig(
      `
hubs: [{name: hub, token_env: T}]
profiles:
  - name: p
    options:
      - {name: ram, type: memory, min: 0.5, max: 16, default: 2}
      - {name: cores, type: cpus, min: 1, max: 8, variable: CORES}
`,
      'f',
    ).profiles[0]?.options ?? [];

  test('are the limits of the server, and in a variable of their own where the option names one', () => {
    expect(chosenOptions(limits, { ram: '0.5', cores: 4 }, eve)).toMatchObject({
      environment: { CORES: '4' },
      resources: { memory: String(2 ** 29), cpus: 4 },
      job: {},
    });
  });

  test('stay what the profile says when nobody chose', () => {
    expect(chosenOptions(limits, {}, eve).resources).toEqual({ memory: String(2 ** 31) });
  });

  test.each([{ ram: 16.1 }, { ram: '0.4' }, { cores: 9 }, { cores: '1e9' }])(
    '%j is out of bounds',
    (chosen) => {
      expect(thrown(() => chosenOptions(limits, chosen, eve)).code).toBe('OPTION_INVALID');
    },
  );

  test.each(['max: 4', 'min: 1', 'min: 0, max: 4', 'min: 5, max: 4'])(
    'are refused in a configuration with %s only',
    (bounds) => {
      const options = `[{name: ram, type: memory, ${bounds}}]`;
      const text = `hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p, options: ${options}}]`;
      expect(() => parseConfig(text, 'f')).toThrow(/min/);
    },
  );
});

test.each([
  ['an option without a variable', '{name: a, type: text}', /variable/],
  ['an option named "profile"', '{name: profile, type: text, variable: V}', /chooses the profile/],
])('%s is refused in a configuration', (_what, option, reason) => {
  const text = `hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p, options: [${option}]}]`;
  expect(() => parseConfig(text, 'f')).toThrow(reason);
});

test('an option with the name of a built-in property is not chosen by nobody', () => {
  expect(environmentOf({})).not.toHaveProperty('CONSTRUCTOR');
});

describe('a choice that sets values of the profile', () => {
  const lab =
    parseConfig(
      `
hubs: [{name: hub, token_env: T}]
gpus: {devices: [{nodes: [/dev/a]}, {nodes: [/dev/b]}]}
profiles:
  - name: lab
    options:
      - name: size
        title: Size of the server
        variable: SIZE
        default: small
        choices:
          - {name: small, title: Small, sets: {resources: {memory: 2G, cpus: 1}}}
          - name: gpu
            title: One GPU
            groups: [gpu-users]
            sets:
              resources: {memory: 8G, gpus: 1}
              environment: {JUPYTERHUB_DEFAULT_URL: /lab, LEVEL: "{value}"}
              command: [lab, --gpu]
              path: [/opt/gpu/bin, /usr/bin]
              working_directory: /scratch/{username}
          - plain
      - name: data
        choices: [census, climate]
        variable: DATA
        other:
          title: Another one
          pattern: "[a-z./]{2,12}"
          sets: {working_directory: "/data/{value}", environment: {LABEL: of a project}}
`,
      'f',
    ).profiles[0]?.options ?? [];
  const member = { user: 'ann', groups: ['gpu-users'], unixGroups: [] };

  test('changes all of them, and is called by its title in the record', () => {
    expect(chosenOptions(lab, { size: 'gpu' }, member)).toEqual({
      environment: {
        ...{ SIZE: 'gpu', JUPYTERHUB_DEFAULT_URL: '/lab', LEVEL: '{value}', PATH: '/opt/gpu/bin:/usr/bin' },
      },
      resources: { memory: '8G', gpus: 1 },
      program: {
        ...{ command: ['lab', '--gpu'], path: ['/opt/gpu/bin', '/usr/bin'] },
        working_directory: '/scratch/{username}',
      },
      job: {},
      settings: [{ name: 'size', title: 'Size of the server', value: 'One GPU' }],
    });
  });

  test('is the default where nobody chose, and a text is a choice without more', () => {
    expect(chosenOptions(lab, {}, eve).resources).toEqual({ memory: '2G', cpus: 1 });
    expect(chosenOptions(lab, { size: ['plain'] }, eve)).toMatchObject({
      ...{ environment: { SIZE: 'plain' }, resources: {}, program: {} },
    });
  });

  test('that is not offered is refused like one that is not there, and not named', () => {
    const refusal = (size: string) => thrown(() => chosenOptions(lab, { size }, eve)).message;
    expect(refusal('gpu')).toBe('the option "size" must be one of small, plain');
    expect(refusal('xyz')).toBe(refusal('gpu'));
    expect(refusal('smal')).toBe(`${refusal('gpu')}; did you mean "small"?`);
  });

  test('the first one that is offered stands in for a default that is not', () => {
    const [size] = lab;
    if (size === undefined) throw new Error('there is no option');
    expect(chosenOptions([{ ...size, default: 'gpu' }], {}, eve).environment).toEqual({ SIZE: 'small' });
    expect(chosenOptions([{ ...size, default: 'gpu' }], {}, member).environment.SIZE).toBe('gpu');
  });

  test('a text in the place of a choice goes where {value} stands, and into the variable', () => {
    expect(chosenOptions(lab, { data: ['maps/a'] }, eve)).toMatchObject({
      environment: { SIZE: 'small', DATA: 'maps/a', LABEL: 'of a project' },
      program: { working_directory: '/data/maps/a' },
      settings: [{ value: 'Small' }, { name: 'data', title: 'data', value: 'maps/a' }],
    });
  });

  test.each([
    ['UPPER', 'must be one of census, climate, or a text that matches [a-z./]{2,12}'],
    ['Census', 'did you mean "census"?'],
    ['a\nb', 'or a text that matches'],
    ['../etc', 'must not contain the directory ".."'],
  ])('the text %j is refused by its rule', (data, rule) => {
    expect(thrown(() => chosenOptions(lab, { data }, eve))).toMatchObject({
      ...{ code: 'OPTION_INVALID', message: expect.stringContaining(rule) },
    });
  });
});

function thrown(work: () => unknown): PortwrapError {
  try {
    work();
  } catch (error) {
    if (error instanceof PortwrapError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
