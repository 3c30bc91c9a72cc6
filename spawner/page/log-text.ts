// A server's log as text for people: colours and cursor movements of terminals are taken out of it.
// Not here: reading it (logs/reader.ts).
import { StringDecoder } from 'node:string_decoder';

/** Cleans one chunk after the other; what is cut at the end of a chunk is held back for the next one. */
export function createLogCleaner(): (chunk: Buffer) => string {
  const decoder = new StringDecoder('utf8');
  let held = '';
  return (chunk) => {
    const text = held + decoder.write(chunk);
    const cut = unfinished.exec(text)?.index ?? text.length;
    held = text.slice(cut);
    return cleaned(text.slice(0, cut));
  };
}

/** A carriage return draws a line anew in a terminal; here it begins another one. */
function cleaned(text: string): string {
  return text
    .replace(sequences, '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/(?![\n\t])\p{Cc}/gu, '');
}

const esc = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
/** Control sequences of ECMA-48: CSI, OSC (titles, links), and those of two characters. */
const sequences = new RegExp(
  [
    `${esc}\\[[0-?]*[ -/]*[@-~]`,
    `${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)`,
    `${esc}[@-Z\\\\-_]`,
  ].join('|'),
  'g',
);
/** At the end of a text; longer ones are none. */
const unfinished = new RegExp(
  `(?:\\r|${esc}(?:\\[[0-?]{0,32}[ -/]{0,8}|\\][^${bell}${esc}]{0,256}${esc}?)?)$`,
);
