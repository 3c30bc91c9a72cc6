// Accessibility faults of a page for people who are blind, have low vision, or use no mouse, from the browser's
// accessibility tree and computed styles. Tests expect empty lists. Not here: the pages.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const controls = [
  ...['button', 'link', 'textbox', 'searchbox', 'checkbox', 'radio', 'spinbutton', 'combobox', 'listbox'],
  ...['slider', 'switch', 'tab', 'menuitem', 'DisclosureTriangle'],
];
const named = [...controls, 'table', 'img', 'image', 'region', 'log', 'radiogroup'];

interface Node {
  readonly role: string;
  readonly name: string;
  readonly level: number;
}

/** Controls, landmarks and tables without a name, and headings that are out of order. */
export async function treeProblems(page: Page): Promise<string[]> {
  const nodes = await treeOf(page);
  const nameless = nodes
    .filter(({ role, name }) => named.includes(role) && name.trim() === '')
    .map(({ role }) => `a ${role} has no name`);
  const levels = nodes.filter(({ role }) => role === 'heading').map(({ level }) => level);
  const order = levels.flatMap((level, index) => {
    const before = index === 0 ? 0 : (levels[index - 1] ?? 0);
    return level > before + 1 ? [`a heading of level ${level} follows one of level ${before}`] : [];
  });
  const mains = levels.filter((level) => level === 1).length;
  return [...nameless, ...order, ...(mains === 1 ? [] : [`there are ${mains} headings of level 1`])];
}

/** The roles and names of the controls on the page, in the order of the tree. */
export async function controlsOf(page: Page): Promise<string[]> {
  const nodes = await treeOf(page);
  return nodes.filter(({ role }) => controls.includes(role)).map(({ role, name }) => `${role} ${name}`);
}

/** https://chromedevtools.github.io/devtools-protocol/tot/Accessibility/ */
async function treeOf(page: Page): Promise<Node[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, properties = [] }) => ({
      role: String(role?.value ?? ''),
      name: String(name?.value ?? ''),
      level: Number(properties.find((property) => property.name === 'level')?.value.value ?? 0),
    }));
}

const contrast = readFileSync(new URL('../../fixtures/browser/contrast.js', import.meta.url), 'utf8');

/** Texts below `selector` that are hard to read, in light and in dark, with their contrast. */
export async function contrastProblems(page: Page, selector = 'body'): Promise<string[]> {
  const problems: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await unreadableTexts(page, selector);
    problems.push(...found.map((problem) => `${colorScheme} ${problem}`));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return problems;
}

/** Texts below `selector` that are hard to read as the page is now. */
export function unreadableTexts(page: Page, selector: string): Promise<string[]> {
  return page.evaluate<string[]>(`${contrast} unreadableTexts(${JSON.stringify(selector)})`);
}

/** Moves through the page with the Tab key; returns elements without a visible focus. */
export async function focusProblems(page: Page): Promise<{ reached: number; unseen: string[] }> {
  await page.evaluate('document.activeElement?.blur()');
  const reached = new Set<string>();
  const unseen: string[] = [];
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<{ id: string; isSeen: boolean } | null>(`(() => {
      const element = document.activeElement;
      if (element === document.body || element === null) return null;
      const shows = (one) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
      };
      const parents = [element, element.parentElement, element.parentElement.parentElement];
      const all = [...document.querySelectorAll('*')];
      return { id: all.indexOf(element) + element.tagName + element.textContent, isSeen: parents.some(shows) };
    })()`);
    if (focused === null || reached.has(focused.id)) break;
    reached.add(focused.id);
    if (!focused.isSeen) unseen.push(focused.id);
  }
  return { reached: reached.size, unseen };
}
