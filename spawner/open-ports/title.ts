// The title of a page, found in the first bytes of its HTML: text of a program that is not trusted, so it is bounded and
// holds nothing but visible characters. Escaping is up to whoever shows it. Not here: fetching the page (ask-program.ts).

/** null: there is none. */
export function titleOf(document: string): string | null {
  const begin = /<title(?:\s[^>]{0,200})?>/i.exec(document);
  if (begin === null) return null;
  const rest = document.slice(begin.index + begin[0].length);
  const end = rest.indexOf('<');
  const title = visible(decoded(rest.slice(0, end === -1 ? mostSource : Math.min(end, mostSource))));
  return title === '' ? null : title;
}

/** Characters that are looked at, and shown. */
const mostSource = 2_000;
const mostShown = 80;

/** Without control characters and those that change the order of others; spaces and line ends become one space. */
function visible(text: string): string {
  const plain = text.replaceAll(/\s+/gu, ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '');
  const letters = [...plain.trim()];
  return letters.length <= mostShown
    ? letters.join('')
    : `${letters
        .slice(0, mostShown - 1)
        .join('')
        .trimEnd()}…`;
}

/** The references that titles have: those of HTML itself, and numbers. */
function decoded(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp|mdash|ndash|middot));/gi,
    (all, ...found) => {
      const [decimal, hexadecimal, name] = found as (string | undefined)[];
      if (name !== undefined) return names[name.toLowerCase()] ?? all;
      const point = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
      return point <= 0x10_ff_ff ? String.fromCodePoint(point) : '';
    },
  );
}

const names: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  mdash: '—',
  ndash: '–',
  middot: '·',
};
