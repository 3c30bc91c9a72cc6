// What an administrator and accidents do to the units while servers run: the servers live on, answer, and are where
// docs/operations.md says.
import { describe, expect } from 'vitest';
import { amounts } from './amounts.ts';
import { check, type Installed } from './check.ts';
import { until } from './machine.ts';
import {
  groupOf,
  mainPid,
  runsAgain,
  type ServerView,
  serverOf,
  servers,
  serviceAnswers,
} from './service.ts';

const placeOfServers = /^\/portwrap\.slice\/portwrap-servers\.scope(?:\/|$)/;

const kill = (unit: string) => `kill -9 $(systemctl show -P MainPID ${unit})`;

describe('servers live on', () => {
  for (const unit of ['portwrap-spawner', 'portwrap-proxy', 'jupyterhub']) {
    check(`when ${unit} is restarted`, ({ installed }) =>
      survives(installed, unit, `systemctl restart ${unit}`),
    );
    check(`when ${unit} is stopped and started`, ({ installed }) =>
      survives(installed, unit, `systemctl stop ${unit} && sleep 2 && systemctl start ${unit}`),
    );
    check(`when ${unit} is killed`, ({ installed }) => survives(installed, unit, kill(unit)));
  }

  check('when systemd reads its units again', ({ installed }) =>
    survives(installed, null, 'systemctl daemon-reload'),
  );

  check('when systemd is replaced (daemon-reexec), and then the service restarted', ({ installed }) =>
    survives(installed, 'portwrap-spawner', 'systemctl daemon-reexec && systemctl restart portwrap-spawner'),
  );

  check('when the service reads its configuration again', ({ installed }) =>
    survives(installed, null, 'systemctl reload portwrap-spawner'),
  );

  check('when the package is installed again, which restarts the service and the proxy', ({ installed }) =>
    survives(
      installed,
      'portwrap-spawner',
      'dpkg --install --force-depends /root/parcel/portwrap-spawner_*.deb',
    ),
  );

  check('when everybody at the machine is logged out', ({ installed }) =>
    survives(installed, null, 'loginctl terminate-user alice bob || true', async ({ machine }) => {
      expect((await machine.login('alice', 'id -un')).output.trim()).toBe('alice');
    }),
  );

  check('when the unit of the service is installed anew and changed', ({ installed }) =>
    survives(
      installed,
      'portwrap-spawner',
      'mkdir -p /etc/systemd/system/portwrap-spawner.service.d && ' +
        'printf "[Service]\\nEnvironment=NEW=$RANDOM\\n" > /etc/systemd/system/portwrap-spawner.service.d/new.conf && ' +
        'systemctl daemon-reload && systemctl restart portwrap-spawner',
    ),
  );
});

/** `restarted`: the unit whose main process must be another one afterwards. */
async function survives(
  installed: Installed,
  restarted: string | null,
  command: string,
  first: (installed: Installed) => Promise<void> = async () => {},
): Promise<void> {
  const { machine, hub } = installed;
  await hub.start('alice', 'limited');
  await hub.start('bob', 'free');
  await first(installed);
  const before = await running(installed);
  const groups = await Promise.all(before.map(({ pid }) => groupOf(machine, pid)));
  for (let turn = 0; turn < amounts.restarts; turn += 1) {
    const old = restarted === null ? '' : await mainPid(machine, restarted);
    await machine.output(command);
    if (restarted !== null) await runsAgain(machine, restarted, old);
    await serviceAnswers(machine);
    await hub.answers();
    await until('the service knows both servers as ready', async () => {
      return (await servers(machine)).filter(({ ready }) => ready).length === 2;
    });
    expect(await running(installed)).toEqual(before);
    for (const user of ['alice', 'bob']) {
      expect(await until(`${user}'s server answers`, () => hub.use(user))).toContain('uid ');
      expect(await hub.server(user)).toMatchObject({ ready: true });
    }
    expect(await Promise.all(before.map(({ pid }) => groupOf(machine, pid)))).toEqual(groups);
  }
  for (const group of groups) expect.soft(group, 'the control group of a server').toMatch(placeOfServers);
  await hub.start('carol', 'limited');
  for (const user of ['alice', 'bob', 'carol']) await hub.stop(user);
}

/** Who runs, in which incarnation, as which process. */
async function running({ machine }: Installed): Promise<Pick<ServerView, 'user' | 'spawn_id' | 'pid'>[]> {
  const views = [await serverOf(machine, 'alice'), await serverOf(machine, 'bob')];
  return views.map(({ user, spawn_id, pid }) => ({ user, spawn_id, pid }));
}
