// Escaping: whatever a value holds, the page's own markup is all the markup there is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html } from '../../../../spawner/page/html.ts';

test('no text makes markup, in an element or in an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: page } = html`<p title="${text}">${text}</p>`;
      expect(page.slice('<p title="'.length, -'</p>'.length).replace('">', '')).not.toMatch(/[<>"']/);
    }),
  );
});

test('HTML inside HTML stays, lists are joined, and nothing is nothing', () => {
  const items = ['a', 'b&c'].map((item) => html`<li>${item}</li>`);
  expect(html`<ul>${items}</ul>${null}${undefined}${false}${0}`.text).toBe(
    '<ul><li>a</li><li>b&amp;c</li></ul>0',
  );
});
