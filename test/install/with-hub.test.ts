// docs/install.md on machines that have a JupyterHub: Debian's package, TLJH's directories; and with the npm package.
// Not here: machines without a hub (without-hub.test.ts), hubs of other shapes (test/integration/setup).
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { commandsOf, commandThatBegins } from './guide.ts';
import { bootDebian, type Machine } from './machine.ts';
import { places } from './places.ts';
import { addNodeBeside, debians, follow, peopleHaveNotebooks, prepared } from './prepare.ts';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

const nothing = 'Nothing is to be done: this machine is set up.\n';

describe("debian-13 with Debian's JupyterHub", () => {
  test('"A JupyterHub" leads to notebooks for two accounts, and "Uninstall" gives the hub back', async () => {
    machine = await prepared('debian-13');
    await addDebianHub(machine);
    const before = await machine.output(filesOfHub);
    expect(await follow(machine, 'A JupyterHub')).toContain('all steps passed');
    await peopleHaveNotebooks(machine);
    expect(await machine.output('portwrap-spawner setup --yes')).toBe(nothing);
    await follow(machine, 'Uninstall');
    await hubIsBack(machine, before);
  });
});

describe.each(debians)("%s with Debian's JupyterHub and the npm package", (name) => {
  test('"Other systems" leads to notebooks for two accounts, and --undo gives the hub back', async () => {
    machine = await prepared(name, { nodeSource: false });
    await addDebianHub(machine);
    const before = await machine.output(filesOfHub);
    await addNodeBeside(name, machine);
    // the page names them; on Debian they are packages
    await machine.output('apt-get -q install bubblewrap slirp4netns nftables', { seconds: 1_200 });
    expect(await follow(machine, 'Other systems')).toContain('all steps passed');
    await peopleHaveNotebooks(machine);
    expect(await machine.output('portwrap-spawner setup --yes')).toBe(nothing);
    const [undo = '', ...purge] = commandsOf('Uninstall');
    expect(purge).toEqual(['apt purge portwrap-spawner']);
    await machine.output(undo, { seconds: 3_600, isOnTerminal: true });
    await machine.output(commandThatBegins('npm uninstall'), { seconds: 1_200 });
    if (name === 'debian-12')
      await machine.output(`${commandThatBegins('rm /usr/local/')} && systemctl restart jupyterhub`);
    await hubIsBack(machine, before);
  });
});

describe("debian-12 with Debian's JupyterHub", () => {
  test("NodeSource's package would remove it, as the page says", async () => {
    machine = await bootDebian('debian-12');
    await machine.output('apt-get -q update', { seconds: 1_200 });
    await machine.output('apt-get -q install --no-install-recommends jupyterhub', { seconds: 3_600 });
    machine.put(places().find(/^nodejs_.*\.deb$/), '/root/nodejs.deb');
    expect(await machine.output('apt-get --simulate install ./nodejs.deb')).toMatch(/^Remv jupyterhub /m);
  });
});

describe('debian-12 with the directories of TLJH', () => {
  test('"The Littlest JupyterHub" leads to notebooks for two users, who get the accounts of TLJH', async () => {
    machine = await prepared('debian-12');
    machine.put(join(import.meta.dirname, '../fixtures/install/tljh.sh'), '/root/tljh.sh');
    await machine.output('bash tljh.sh', { seconds: 3_600 });
    const written = await follow(machine, 'The Littlest JupyterHub');
    expect(written).toContain("The hub's proxy stays");
    expect(written).toContain('all steps passed');
    await peopleHaveNotebooks(machine);
    expect(await machine.output('id -nG jupyter-alice; stat -c "%U %a" /home/jupyter-bob')).toBe(
      'jupyter-alice jupyterhub-users\njupyter-bob 700\n',
    );
    expect(await machine.output('ls /home/jupyter-alice')).toBe('first.ipynb\n');
    expect(await machine.output('portwrap-spawner setup --yes')).toBe(nothing);
    await follow(machine, 'Uninstall');
    expect(await machine.output('ls /opt/tljh/config/jupyterhub_config.d')).toBe('');
  });
});

/** Of the stand-in for systemd. */
const logOfHub = 'tail -n 60 /run/fake-systemd/jupyterhub.service.log';

const filesOfHub = 'find /etc/jupyterhub* -type f | sort | xargs md5sum';

/** `files` of `filesOfHub`, and people can sign in. */
async function hubIsBack({ run, output }: Machine, files: string): Promise<void> {
  expect(await output(filesOfHub)).toBe(files);
  // the hub's own proxy answers with 404 until the hub has told it where it is
  const login = "curl -sf -o /dev/null -w '%{http_code}' --retry 120 --retry-all-errors --retry-delay 1";
  const { output: answer } = await run(`${login} http://127.0.0.1:8000/hub/login`);
  expect(answer, (await run(logOfHub)).output).toBe('200');
}

/** Debian's hub, which lets accounts of the machine sign in, and what its users' servers need. */
async function addDebianHub({ output }: Machine): Promise<void> {
  await output('apt-get -q install --no-install-recommends jupyterhub jupyter-notebook curl', {
    seconds: 3_600,
  });
  // JupyterHub 5 lets nobody in without it; the file is the one that the hub's unit names
  const file = await output(
    "systemctl show --property=ExecStart jupyterhub | grep -o '/etc/jupyterhub/[^ ;]*' | head -n 1",
  );
  const path = file.trim().replace(/(?:\.\w+)?$/, '.py');
  expect(path).toMatch(/^\/etc\/jupyterhub\/./);
  await output(`echo 'c.Authenticator.allow_all = True' >> ${path}`);
  await output('systemctl restart jupyterhub');
}
