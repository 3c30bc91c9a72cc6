// jupyter-collaboration: two users of one server, each in a browser with JupyterLab, write in one file.
// Not here: the share itself, which is the hub's (a role).
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser/browser-session.ts';
import { type HubUser, logIn } from '../support/hub/hub-user.ts';
import { startTestHub, type TestHub } from '../support/hub/test-hub.ts';

/** Bob may use the server of alice. */
const config = `
c.JupyterHub.load_roles.append(
    {"name": "shared", "scopes": ["access:servers!user=alice"], "users": ["bob"]}
)
`;

let hub: TestHub;
let browser: Browser;
let alice: HubUser;

beforeAll(async () => {
  hub = await startTestHub('  - {name: default, stop_timeout: 5, ready_timeout: 120}\n', config);
  browser = await launchBrowser();
  alice = await logIn(hub.url, 'alice', hub.password);
  await alice.startServer();
  const file = { type: 'file', format: 'text', content: 'A file of alice.\n' };
  await alice.fetch('/user/alice/api/contents/shared.txt', { method: 'PUT', body: JSON.stringify(file) });
});
afterAll(async () => {
  await browser?.close();
  await hub?.dispose();
});

/** The file in JupyterLab's editor. */
async function open(name: string): Promise<Page> {
  const address = `${hub.url}/user/alice/lab/tree/shared.txt?reset`;
  const person = { name, password: hub.password };
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(address);
  await page.getByLabel('Username').fill(person.name);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign In' }).click();
  // another's server asks once
  const editor = page.locator('.jp-FileEditor .cm-content');
  const confirm = page.getByRole('button', { name: 'Authorize' });
  await editor.or(confirm).first().waitFor({ timeout: 120_000 });
  if (await confirm.isVisible()) await confirm.click();
  await editor.waitFor({ timeout: 120_000 });
  // JupyterLab would build Dash's extension again
  const rebuild = page.getByRole('dialog').getByRole('button', { name: 'Cancel' });
  await page.addLocatorHandler(rebuild, () => rebuild.click());
  return page;
}

test('what one writes, the other sees', async () => {
  const ofAlice = await open('alice');
  const ofBob = await open('bob');
  const editor = (page: Page) => page.locator('.jp-FileEditor .cm-content');
  for (const [writer, reader, words] of [
    [ofAlice, ofBob, 'Written by alice.'],
    [ofBob, ofAlice, 'Written by bob.'],
  ] as const) {
    await editor(writer).click();
    await writer.keyboard.press('Control+End');
    await writer.keyboard.type(`${words}\n`);
    await expect.poll(() => editor(reader).textContent()).toContain(words);
  }
  const saved = async () => {
    const answer = await alice.fetch('/user/alice/api/contents/shared.txt');
    return ((await answer.json()) as { content: string }).content;
  };
  await expect.poll(saved).toBe('A file of alice.\nWritten by alice.\nWritten by bob.\n');
});
