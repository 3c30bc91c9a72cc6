// What a user chooses at a start, in the job that a real cluster then has. Not here: which values are refused before
// there is a job (test/unit/spawner/requests/, faults.test.ts).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountName, openTunDevice } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import { serverPath, startService, type TestService } from '../../support/service.ts';
import { slurmSettings, startCluster, type TestCluster } from '../../support/slurm/slurm.ts';

const user = accountName('a');
const profile = `
  - name: sized
    launcher: slurm
    command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]
    ready_timeout: 90
    slurm: {partition: main, time: 10, cpus: 1, memory: 100M}
    options:
      - name: size
        choices:
          - small
          - {name: longer, sets: {slurm: {time: "00:40:00"}}}
          - name: large
            sets: {slurm: {partition: long, time: 50, cpus: 3, memory: 300M, account: physics, constraint: rack2}}
          - {name: endless, sets: {slurm: {partition: long, time: "7-0"}}}
        default: small
      - name: lesson
        choices:
          - none
          - {name: course, sets: {slurm: {reservation: course, time: 20}}}
        default: none`;
/** What scontrol shows of their jobs. Others than those of the course cannot have n1, which is reserved. */
const ofProfile = {
  ...{ partition: 'main', time: '00:10:00', cpus: '1', memory: '100M', node: 'n2' },
  ...{ account: '(null)', constraint: '(null)', reservation: undefined },
};
const ofLonger = { ...ofProfile, time: '00:40:00' };
const ofLarge = {
  ...ofProfile,
  ...{
    partition: 'long',
    time: '00:50:00',
    cpus: '3',
    memory: '300M',
    account: 'physics',
    constraint: 'rack2',
  },
};
const ofCourse = { ...ofProfile, time: '00:20:00', reservation: 'course', node: 'n1' };

describe('the Slurm job of a server', needsRoot, () => {
  let cluster: TestCluster;
  let service: TestService;
  let serial = 0;
  beforeAll(async () => {
    openTunDevice();
    // a job that has more time than its partition gives is refused, and does not wait for ever
    cluster = await startCluster(
      'EnforcePartLimits=ALL\nPartitionName=long Nodes=n1,n2 MaxTime=60 State=UP\n',
    );
    cluster.run('scontrol', ['update', 'NodeName=n2', 'AvailableFeatures=rack2', 'ActiveFeatures=rack2']);
    const held = ['Nodes=n1', 'StartTime=now', 'Duration=120', 'Flags=IGNORE_JOBS'];
    cluster.run('scontrol', ['create', 'reservation', 'ReservationName=course', `Users=${user}`, ...held]);
    service = await startService(profile, slurmSettings(cluster), { accounts: '{mode: system}' });
  }, 180_000);
  afterAll(async () => {
    await service?.dispose();
    await cluster?.dispose();
  }, 180_000);

  const start = async (user_options: object) => {
    const server = `s${serial++}`;
    const request = { spawn_id: `slurm-choice-${server}`, profile: 'sized', user_options };
    return { server, last: (await service.start(user, request, server)).at(-1) };
  };
  /** What the cluster says of the job while its server is ready, which is stopped then. */
  const jobWith = async (user_options: object) => {
    const { server, last } = await start(user_options);
    expect(last).toMatchObject({ ready: true });
    const { job } = (await service.call('GET', serverPath(user, server))).body as { job: { id: string } };
    const shown = cluster.run('scontrol', ['--oneliner', 'show', 'job', job.id]);
    expect((await service.call('DELETE', serverPath(user, server))).status).toBe(204);
    const of = (name: string) => shown.match(`(?:^| )${name}=(\\S+)`)?.[1];
    return {
      ...{ state: of('JobState'), node: of('NodeList'), partition: of('Partition'), time: of('TimeLimit') },
      ...{ cpus: of('CPUs/Task'), memory: of('MinMemoryNode'), account: of('Account') },
      ...{ constraint: of('Features'), reservation: of('Reservation') },
    };
  };

  test.each([
    ['that sets nothing: it is that of the profile', { size: 'small' }, ofProfile],
    ['left to the default: it is that of the profile', {}, ofProfile],
    ['that sets one field: the others are those of the profile', { size: 'longer' }, ofLonger],
    ['that sets several fields: it has them all', { size: 'large' }, ofLarge],
    ['as a form sends it: it has them all', { size: ['large'] }, ofLarge],
    ['that sets a reservation: it runs on a node of that', { lesson: 'course' }, ofCourse],
    ['of two options: the later wins where both set a field', { size: 'longer', lesson: 'course' }, ofCourse],
  ])('with a choice %s', async (_what, user_options, expected) => {
    expect(await jobWith(user_options)).toEqual({ state: 'RUNNING', ...expected });
  });

  test('with a choice that the cluster refuses: its words reach the user, and nothing is in the queue', async () => {
    const { last } = await start({ size: 'endless' });
    expect(last).toMatchObject({ failed: true, error: { code: 'JOB_REFUSED' } });
    expect(last?.message).toMatch(/time limit/i);
    const queue = () => cluster.run('squeue', ['--noheader', '--states=RUNNING,PENDING']);
    await expect.poll(queue).toBe('');
  });
});
