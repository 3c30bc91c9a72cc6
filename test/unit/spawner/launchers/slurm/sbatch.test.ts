// What sbatch is given: the whole command, and a script in which nothing of a user's can become code.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortwrapError } from '../../../../../config/errors.ts';
import { parseConfig } from '../../../../../config/load.ts';
import type { JobSpec } from '../../../../../portwrap/index.ts';
import { jobScript } from '../../../../../spawner/launchers/slurm/job-script.ts';
import { sbatchArgv } from '../../../../../spawner/launchers/slurm/sbatch-argv.ts';

const head = 'hubs: [{name: hub, token_env: T}]\nslurm: {report_listen: "10.1.0.1:8096"}\n';
const jobOf = (text: string) => {
  const [profile] = parseConfig(
    `${head}profiles: [{name: p, launcher: slurm, slurm: ${text}}]`,
    'f',
  ).profiles;
  if (profile === undefined) throw new Error('no profile');
  return profile.slurm;
};
const always = [
  ...['--parsable', '--job-name=portwrap-abc', '--no-requeue', '--output=/dev/null', '--error=/dev/null'],
  ...['--open-mode=append', '--chdir=/home/ann', '--nodes=1', '--ntasks=1'],
];
const argv = (text: string, chosen = {}) =>
  sbatchArgv({ name: 'portwrap-abc', job: jobOf(text), chosen, home: '/home/ann' });

test('of a profile that says nothing', () => {
  expect(argv('{}')).toEqual(always);
});

test('of a profile that says everything, with what the user has chosen in its place', () => {
  const job =
    '{partition: a, account: b, qos: c, time: 1-0, cpus: 2, memory: 4G, gres: "gpu:1", constraint: "x&y", reservation: r, options: [--exclusive=user]}';
  expect(argv(job, { cpus: '8', time: '30' })).toEqual([
    ...always,
    ...[
      '--partition=a',
      '--account=b',
      '--qos=c',
      '--time=30',
      '--cpus-per-task=8',
      '--mem=4G',
      '--gres=gpu:1',
    ],
    ...['--constraint=x&y', '--reservation=r', '--exclusive=user'],
  ]);
});

test.each([
  ['{partition: "a b"}'],
  ['{time: soon}'],
  ['{cpus: 0}'],
  ['{memory: 4 GB}'],
  ['{gres: "gpu;1"}'],
  ['{options: [--requeue]}'],
  ['{options: [--output=/tmp/x]}'],
  ['{options: [--uid=0]}'],
  ['{options: ["-p"]}'],
  ['{options: ["--wrap=id"]}'],
  ['{partitions: main}'],
])('%s is refused with the configuration', (text) => {
  expect(() => jobOf(text)).toThrow(PortwrapError);
});

test.each([
  ['no address for reports', 'hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p, launcher: slurm}]'],
  [
    'accounts that the nodes do not know',
    `${head}accounts: {mode: dynamic}\nprofiles: [{name: p, launcher: slurm}]`,
  ],
  [
    'limits that only the local launcher can set',
    `${head}profiles: [{name: p, launcher: slurm, resources: {memory: 1G}}]`,
  ],
  [
    'a job field in a local profile',
    `${head}profiles: [{name: p, options: [{name: a, type: text, slurm: qos}]}]`,
  ],
  [
    'an interface without the networks of the nodes',
    `${head}profiles: [{name: p, launcher: slurm, slurm: {host_interface: ib0}}]`,
  ],
  ['an option whose value is not used', `${head}profiles: [{name: p, options: [{name: a, type: text}]}]`],
])('%s: refused with the configuration', (_what, text) => {
  expect(() => parseConfig(text, 'f')).toThrow(/slurm|variable/);
});

test('whatever the environment holds, the script hands it to its command as it is', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
      fc.string(),
      (environment, word) => {
        const program = ['/bin/sh', '-c', 'cat; printf %s "$1" >&2', word.replaceAll('\0', '')];
        const spec = { version: 1, environment, command: [word] } as unknown as JobSpec;
        const script = jobScript(program, spec);
        const output = execFileSync('/bin/sh', ['-s'], { input: script, stdio: ['pipe', 'pipe', 'ignore'] });
        expect(JSON.parse(output.toString('utf8'))).toEqual(JSON.parse(JSON.stringify(spec)));
      },
    ),
    { numRuns: 40 },
  );
});
