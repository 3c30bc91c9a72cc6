// A browser session of one user, signed in at a hub, with its own cookies.
// Not here: the pages.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The system's Chromium, without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  });
}

/** Opens `address`, fills in the hub's login form, and waits until the page has loaded. */
export async function openSignedIn(
  browser: Browser,
  address: string,
  person: { name: string; password: string },
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  // a busy machine takes long to start Chromium's processes
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  await page.goto(address);
  await page
    .getByLabel('Username')
    .fill(person.name)
    .catch(async (cause) => {
      const shown = await page.locator('body').textContent();
      throw new Error(`no form to sign in at ${page.url()}, which shows: ${shown}`, { cause });
    });
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign In' }).click();
  await page.waitForURL(address);
  return page;
}
