// Launches on a machine as Ubuntu 24.04 is: AppArmor keeps bubblewrap from capabilities in user namespaces. Debian's
// kernel has no such switch: a profile that bubblewrap is attached to stands for the restriction, and a file for the
// switch. Not here: the machine without it (doctor.test.ts).
import { expect } from 'vitest';
import { check } from './check.ts';
import { type Machine, until } from './machine.ts';
import { forkServers } from './service.ts';

const installed = '/usr/lib/portwrap-spawner'; // by the Debian package
const load = (name: string) =>
  `install -m 0644 ${installed}/apparmor/${name} /etc/apparmor.d/ && apparmor_parser -r /etc/apparmor.d/${name}`;
const launches = [
  { by: 'root for alice', account: 'root', command: 'portwrap -p 0 -P 8888 --user alice --' },
  { by: 'alice', account: 'alice', command: 'portwrap -p 0 -P 8888 --' },
] as const;
/** As far as a payload gets with user namespaces: the first needs a capability in its own, the second none. */
const attack = `sh -c 'unshare -Urn ip link add d0 type dummy && echo GAINED; cat /proc/self/attr/apparmor/current'`;
const attempts = `sh -c 'for p in unconfined portwrap; do
  printf "changeprofile $p" >/proc/self/attr/apparmor/current && echo LEFT; aa-exec -p $p true && echo LEFT; done; echo done'`;

for (const { by, account, command } of launches) {
  check(
    `where AppArmor restricts namespaces, ${by} starts nothing until the profile is loaded, and doctor names the command`,
    async ({ installed: { machine } }) => {
      await restrict(machine);
      const refused = await machine.login(account, `cd /; ${command} true`, { seconds: 300 });
      expect(refused.code, refused.output).not.toBe(0);
      expect(refused.output).toContain('kernel.apparmor_restrict_unprivileged_userns = 1');
      expect(refused.output).toContain(load('portwrap'));
      const doctor = `portwrap doctor ${account === 'root' ? '--user alice' : ''}`;
      const ill = await machine.login(account, doctor, { seconds: 300 });
      expect(ill.output).toContain(load('portwrap'));

      await machine.output(load('portwrap'));
      const well = await machine.login(account, doctor, { seconds: 300 });
      expect(well.code, well.output).toBe(0);
      const ran = await machine.login(account, `cd /; ${command} id -un`, { seconds: 300 });
      expect(ran.code, ran.output).toBe(0);
      expect(ran.output).toContain('alice');
    },
  );

  check(
    `a payload of ${by} gains no capability in a namespace of its own, and cannot leave its profile`,
    async ({ installed: { machine } }) => {
      await restrict(machine);
      await machine.output(load('portwrap'));
      const { output } = await machine.login(account, `cd /; ${command} ${attack}`, { seconds: 300 });
      expect(output).toContain('portwrap//&portwrap-payload');
      expect(output).not.toContain('GAINED');
      const left = await machine.login(account, `cd /; ${command} ${attempts}`, { seconds: 300 });
      expect(left.output).toContain('done');
      expect(left.output).not.toContain('LEFT');
    },
  );
}

check('and the hub starts servers, also read-only ones', async ({ installed: { machine, hub } }) => {
  await restrict(machine);
  await machine.output(load('portwrap'));
  await machine.output('systemctl restart portwrap-spawner');
  await hub.start('alice', 'limited');
  expect(await hub.use('alice')).toContain('uid 1000');
  const labels = await machine.output('ps -o label= -u alice | sort -u');
  expect(labels).toContain('portwrap//&portwrap-payload');
  await hub.stop('alice');
  const strict = 'cd /; portwrap -p 0 -P 8888 --user alice --view strict -- id -un';
  const ran = await machine.login('root', strict, { seconds: 300 });
  expect(ran.code, ran.output).toBe(0);
});

check(
  'servers that are forked are in the same profile as those that are commands',
  async ({ installed: { machine, hub } }) => {
    await restrict(machine);
    await machine.output(load('portwrap'));
    await machine.output('systemctl restart portwrap-spawner');
    await until('a fork server in the profile is ready', async () => {
      const labels = (await forkServers(machine)).map((pid) => machine.output(`ps -o label= ${pid}`));
      return (await Promise.all(labels)).some((label) => label.startsWith('portwrap '));
    });
    await hub.start('alice', 'forked');
    const told = await hub.shell(
      'alice',
      `echo $PPID; cat /proc/$PPID/attr/apparmor/current; unshare -Urn ip link add d0 type dummy && echo GAINED`,
    );
    expect(told).toMatch(/^3\nportwrap\/\/&portwrap-payload \(enforce\)\n/);
    expect(told).not.toContain('GAINED');
    const left = await hub.shell('alice', attempts.replace(/^sh -c '|'$/g, ''));
    expect(left).toContain('done');
    expect(left).not.toContain('LEFT');
    await hub.stop('alice');
  },
);

check(
  'without the restriction a payload makes namespaces as it does outside, whatever is loaded',
  async ({ installed: { machine } }) => {
    await machine.output(load('portwrap'));
    const { output } = await machine.login('alice', `cd /; portwrap -p 0 -P 8888 -- ${attack}`, {
      seconds: 300,
    });
    expect(output).toContain('GAINED');
    expect(output).toContain('unconfined');
  },
);

/** What bubblewrap may do in Ubuntu when it has no profile: make user namespaces, and use no capability there. */
const restriction = `abi <abi/4.0>,
include <tunables/global>
profile emulated /usr/bin/bwrap flags=(attach_disconnected, mediate_deleted) {
  file rwlkm /{**,},
  network, unix, ptrace, signal, mqueue, io_uring, mount, umount, pivot_root, dbus, userns,
  /** ix,
}
`;

async function restrict(machine: Machine): Promise<void> {
  await machine.output('cat > /etc/restricted && apparmor_parser -r /etc/restricted', { input: restriction });
  const switchOfUbuntu = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
  await machine.output(
    `echo 1 > /etc/switch; grep -rlF --include=*.js ${switchOfUbuntu} ${installed}/dist > /etc/readers &&
      xargs sed -i s,${switchOfUbuntu},/etc/switch, < /etc/readers`,
  );
}
