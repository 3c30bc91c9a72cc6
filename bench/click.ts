// How long a person waits: from the click on "Start My Server" in a real browser until the first byte of the user's page,
// and until JupyterLab shows its launcher; our spawner with and without preload, and JupyterHub's SimpleLocalProcessSpawner,
// which starts a process on the host. The hub has its defaults. Run as root:
// PYTHON=/path/to/venv/bin/python node bench/run.mjs click
// ROUNDS=5 chooses another number. It takes at most 4 minutes on a quiet machine with 2 cores. Needs chromium.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openSignedIn } from '../test/support/browser/browser-session.ts';
import { ask, forkServerReady, stopServer } from './hub/requests.ts';
import { type HubSubject, python, type SpawnerName, startHub } from './hub/subjects.ts';
import { median, report } from './report.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
/** Below /opt: preload wants no directory that others can write. */
const directory = mkdtempSync('/opt/portwrap-bench-');
chmodSync(directory, 0o711); // homes below it must be reachable for their owners

const subjects: readonly (readonly [name: string, spawner: SpawnerName, preload: string | null])[] = [
  ['portwrap, preload', 'PortwrapSpawner', 'jupyter'],
  ['portwrap, command', 'PortwrapSpawner', null],
  ['SimpleLocalProcessSpawner', 'SimpleLocalProcessSpawner', null],
];

const rows: Record<string, string | number>[] = [];
const browser = await launchBrowser();
for (const [name, spawner, preload] of subjects) {
  const options = { preload, name: name.replaceAll(/\W+/g, '-'), slowSpawnTimeout: 10 };
  const hub = await startHub(spawner, ['jupyterhub-singleuser'], directory, options);
  try {
    if (preload !== null) await forkServerReady(hub);
    await click(hub, browser, 'first'); // hub and browser load modules
    const times: Waited[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await click(hub, browser, `user${round}`));
    rows.push({
      spawner: name,
      'click to first byte of the page, ms': median(times.map(({ firstByte }) => firstByte)),
      'slowest, ms': Math.max(...times.map(({ firstByte }) => firstByte)),
      'click to launcher shown, ms': median(times.map(({ launcher }) => launcher)),
    });
  } finally {
    await hub.stop();
  }
}
await browser.close();
report('click', rows, { python, rounds });
rmSync(directory, { recursive: true, force: true });
process.exit();

interface Waited {
  readonly firstByte: number;
  readonly launcher: number;
}

async function click(hub: HubSubject, browser: Browser, user: string): Promise<Waited> {
  await ask(hub, 'POST', `/users/${user}`);
  const page = await openSignedIn(browser, `${hub.page}/hub/home`, { name: user, password: 'any' });
  const firstByte = firstByteOf(page, `/user/${user}/`);
  const began = Date.now();
  await page.locator('#start').click();
  const at = await firstByte;
  await page.locator('.jp-Launcher').first().waitFor({ timeout: 120_000 });
  const launcher = Date.now() - began;
  await page.context().close();
  await stopServer(hub, user);
  return { firstByte: at - began, launcher };
}

/** In milliseconds since the epoch; of the page itself, not of the redirects before it. */
async function firstByteOf(page: Page, prefix: string): Promise<number> {
  const response = await page.waitForResponse(
    (candidate) =>
      candidate.request().isNavigationRequest() &&
      new URL(candidate.url()).pathname.startsWith(prefix) &&
      candidate.status() === 200,
    { timeout: 120_000 },
  );
  const { startTime, responseStart } = response.request().timing();
  return startTime + responseStart;
}
