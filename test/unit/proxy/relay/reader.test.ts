import { expect, test } from 'vitest';
import { Reader } from '../../../../proxy/relay/reader.ts';

/** Reads as node:net does: into the buffer it was given last, then asks for the next one. */
function socketOf(reader: Reader): (text: string) => number {
  const { buffer, callback } = reader.onread;
  const next = (): Uint8Array => (typeof buffer === 'function' ? buffer() : buffer);
  let given = next();
  return (text) => {
    const { length } = given;
    const size = Buffer.from(given.buffer, given.byteOffset, length).write(text, 'latin1');
    callback(size, given);
    given = next();
    return length;
  };
}

test('what was read is told, and the same memory is read into again', () => {
  const reader = new Reader();
  const seen: Buffer[] = [];
  reader.receive = (bytes) => seen.push(bytes);
  const read = socketOf(reader);
  read('one');
  expect(String(seen[0])).toBe('one');
  read('two');
  expect(seen.map(String)).toEqual(['two', 'two']);
});

test('bytes that are held stay as they are, also when nobody ever releases them', () => {
  const reader = new Reader();
  const seen: Buffer[] = [];
  reader.receive = (bytes) => {
    seen.push(bytes);
    reader.hold();
  };
  const read = socketOf(reader);
  for (const text of ['one', 'two', 'three']) read(text);
  expect(seen.map(String)).toEqual(['one', 'two', 'three']);
});

test('a large page is used only while reads fill what they are given, and again when it is free', () => {
  const reader = new Reader();
  const pages: ArrayBufferLike[] = [];
  const releases: ((() => void) | undefined)[] = [];
  reader.receive = (bytes) => {
    pages.push(bytes.buffer);
    if (bytes.length > 5000) releases.push(reader.hold());
  };
  const read = socketOf(reader);
  const small = read('a little');
  expect(read('x'.repeat(small))).toBe(small);
  const large = read('x'.repeat(10_000));
  expect(large).toBeGreaterThan(10_000);
  expect(read('a little')).toBe(small);
  // Held: another one is taken.
  read('x'.repeat(small));
  read('x'.repeat(10_000));
  expect(pages[2]).not.toBe(pages[5]);
  for (const release of releases) release?.();
  read('x'.repeat(small));
  read('x'.repeat(10_000));
  expect([pages[2], pages[5]]).toContain(pages.at(-1));
});

test('a reader that expects silence waits with less memory, and what comes is whole', () => {
  const reader = new Reader();
  let seen = '';
  reader.receive = (bytes) => {
    seen += String(bytes);
  };
  const read = socketOf(reader);
  const usual = read('one');
  reader.expectSilence();
  read(' two');
  expect(read(' three')).toBeLessThan(usual);
  expect(seen).toBe('one two three');
});
