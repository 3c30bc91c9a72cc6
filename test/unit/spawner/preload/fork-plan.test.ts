import { expect, test } from 'vitest';
import { forkEnvironment } from '../../../../spawner/preload/fork-plan.ts';

const profile = { path: ['/opt/a/bin', '/usr/bin'], environment: {}, options: [] };

test('a fork server has the path and the environment of the profile', () => {
  expect(forkEnvironment({ ...profile, environment: { OMP_NUM_THREADS: '1' } }, {})).toEqual({
    ...{ PATH: '/opt/a/bin:/usr/bin', OMP_NUM_THREADS: '1' },
  });
});

test('of what a hub sends, it has only the path, the locale, variables of Python, and settings of all servers', () => {
  const ofAll = {
    JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS: '10.0.0.0/8',
    JUPYTERHUB_METRICS_PREFIX: 'hub',
    JUPYTERHUB_SERVER_SPAWN_DURATION_SECONDS_BUCKETS: '1,2',
  };
  const fromHub = {
    PATH: '/hub/bin',
    TERM: 'dumb',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
    PYTHONPATH: '/site',
    ...ofAll,
  };
  const ofUsers = {
    HTTPS_PROXY: 'http://ann:s3cr3t@proxy',
    JUPYTERHUB_API_TOKEN: 's3cr3t',
    JUPYTERHUB_SERVER_NAME: 'one',
    SECRET: 's3cr3t',
  };
  expect(forkEnvironment(profile, { ...fromHub, ...ofUsers })).toEqual(fromHub);
});

test('it has nothing of one user, of one server, or that its users choose, also if the profile says so', () => {
  const environment = { HOME: '/h', USER: 'u', JUPYTERHUB_USER: 'u', LD_PRELOAD: '/x.so', CHOSEN: '1' };
  const option = { variable: 'CHOSEN' } as never;
  expect(forkEnvironment({ ...profile, environment, options: [option] }, {})).toEqual({
    PATH: '/opt/a/bin:/usr/bin',
  });
});
