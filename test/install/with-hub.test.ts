// docs/install.md on machines that have a JupyterHub: Debian's package, TLJH's directories; and with the npm package.
// Not here: machines without a hub (without-hub.test.ts), hubs of other shapes (test/integration/setup).
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Machine } from './machine.ts';
import { debians, follow, peopleHaveNotebooks, prepared } from './prepare.ts';

let machine: Machine | undefined;
afterEach(async () => {
  await machine?.close();
  machine = undefined;
});

const nothing = 'Nothing is to be done: this machine is set up.\n';

describe.each(debians)("%s with Debian's JupyterHub", (name) => {
  test('"A JupyterHub" leads to notebooks for two accounts, and "Uninstall" gives the hub back', async () => {
    machine = await prepared(name);
    await addDebianHub(machine);
    const before = await machine.output('find /etc/jupyterhub* -type f | sort | xargs md5sum');
    expect(await follow(machine, 'A JupyterHub')).toContain('all steps passed');
    await peopleHaveNotebooks(machine);
    expect(await machine.output('portwrap-spawner setup --yes')).toBe(nothing);
    await follow(machine, 'Uninstall');
    expect(await machine.output('find /etc/jupyterhub* -type f | sort | xargs md5sum')).toBe(before);
    const login = "curl -s -o /dev/null -w '%{http_code}' --retry 60 --retry-all-errors --retry-delay 1";
    expect(await machine.output(`${login} http://127.0.0.1:8000/hub/login`)).toBe('200');
  });
});

describe('debian-13 with the npm package', () => {
  test('"Other systems" leads to notebooks for two accounts', async () => {
    machine = await prepared('debian-13');
    await addDebianHub(machine);
    // the page names them; on Debian they are packages
    await machine.output('apt-get -q install bubblewrap slirp4netns nftables', { seconds: 1_200 });
    expect(await follow(machine, 'Other systems')).toContain('all steps passed');
    await peopleHaveNotebooks(machine);
    expect(await machine.output('portwrap-spawner setup --yes')).toBe(nothing);
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
