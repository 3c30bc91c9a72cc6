// The pictures of README.md, taken from the demo: node scripts/pictures.mjs [WIDTH...]
// Starts it, uses it as two users in Debian's Chromium, and writes docs/pictures/. Other widths than 1280 go to
// test-results/, to be looked at.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { main, Refusal, step } from './setup/say.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const readmeWidth = 1280;

await main(async () => {
  const widths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [readmeWidth];
  const demo = await step('Starting the demo', startDemo);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const width of widths)
      await step(`Taking pictures, ${width} pixels wide`, () => take(demo, browser, width));
  } finally {
    await browser.close();
    await demo.stop();
  }
});

async function startDemo() {
  const child = spawn(process.execPath, [join(root, 'scripts/start.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const found = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, key, value] = /(Open|Password) +(\S+)/.exec(line) ?? [];
    if (key !== undefined) found[key] = value;
    if (line.includes('Ctrl-C stops everything')) break;
  }
  if (found.Open === undefined) throw new Refusal('The demo did not start.');
  child.stdout.resume();
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  return { url: found.Open, password: found.Password, stop };
}

async function take(demo, browser, width) {
  const folder = join(root, width === readmeWidth ? 'docs/pictures' : 'test-results/pictures');
  mkdirSync(folder, { recursive: true });
  const shoot = (page, name) =>
    page.screenshot({ path: join(folder, width === readmeWidth ? `${name}.png` : `${name}-${width}.png`) });
  const signIn = async (name, path) => {
    const context = await browser.newContext({ viewport: { width, height: 800 } });
    const page = await context.newPage();
    await page.goto(`${demo.url}hub/login?next=${encodeURIComponent(path)}`);
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Password').fill(demo.password);
    await page.getByRole('button', { name: 'Sign In' }).click();
    return page;
  };
  // a server that runs has no form
  const page = await signIn(width === readmeWidth ? 'demo' : `demo${width}`, '/hub/spawn');
  const start = page.locator('#spawn_form input[type=submit], #spawn_form button[type=submit]').first();
  await start.waitFor();
  await shoot(page, 'form');
  await start.click();
  await page.locator('.jp-NotebookPanel .jp-Cell').first().waitFor({ timeout: 120_000 });
  await runAll(page);
  await shoot(page, 'notebook');
  const other = await signIn(width === readmeWidth ? 'ann' : `ann${width}`, '/hub/spawn');
  await other.locator('#spawn_form [type=submit]').first().click();
  await other.locator('.jp-NotebookPanel .jp-Cell').first().waitFor({ timeout: 120_000 });
  const admin = await signIn('admin', '/services/portwrap/');
  await admin.waitForURL(/services\/portwrap/);
  await admin.waitForLoadState('networkidle');
  await shoot(admin, 'admin-page');
}

async function runAll(page) {
  // what is run before the kernel is there is not run
  await page.getByText('(ipykernel) | Idle').waitFor({ timeout: 60_000 });
  await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
  await page.getByRole('menuitem', { name: /^Run All Cells/ }).click();
  await page.getByText('(ipykernel) | Busy').waitFor({ timeout: 60_000 });
  await page.getByText('(ipykernel) | Idle').waitFor({ timeout: 60_000 });
  // what was opened, and who reaches it
  await page.locator('.jp-NotebookPanel .jp-WindowedPanel-outer').evaluate((outer) => {
    outer.scrollTop = 660;
  });
  await page.locator('.jp-OutputArea-output', { hasText: 'From the host' }).waitFor({ timeout: 30_000 });
}
