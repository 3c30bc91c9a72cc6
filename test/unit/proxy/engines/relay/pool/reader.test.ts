import { expect, test } from 'vitest';
import { largeSize, mediumSize, smallSize } from '../../../../../../proxy/engines/relay/pool/read-buffers.ts';
import { Reader } from '../../../../../../proxy/engines/relay/pool/reader.ts';

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
    if (bytes.length > 20_000) releases.push(reader.hold());
  };
  const read = socketOf(reader);
  const filling = 'x'.repeat(largeSize);
  /** The page of a read after two that were filled. */
  const grown = (): ArrayBufferLike | undefined => {
    expect([read(filling), read(filling)]).toEqual([smallSize, mediumSize]);
    expect(read('x'.repeat(30_000))).toBe(largeSize);
    return pages.at(-1);
  };
  expect(read('a little')).toBe(smallSize);
  const first = grown();
  // Held: another one is taken.
  const second = grown();
  expect(second).not.toBe(first);
  for (const release of releases) release?.();
  expect([first, second]).toContain(grown());
});

test('silence after a read that just fitted does not keep a large page', () => {
  const reader = new Reader();
  const read = socketOf(reader);
  read('x'.repeat(smallSize));
  expect(read('a little')).toBe(mediumSize);
  expect(read('a little')).toBe(smallSize);
});

test('readers that expect silence share their memory, and what is made lasting stays as it is', () => {
  const seen: Buffer[] = [];
  const pages = new Set<ArrayBufferLike>();
  const [one, other] = ['one', 'other'].map((name) => {
    const reader = new Reader();
    reader.expectSilence();
    reader.receive = (bytes) => {
      pages.add(bytes.buffer);
      seen.push(reader.lasting(bytes));
      expect(reader.hold()).toBeUndefined();
    };
    const read = socketOf(reader);
    return () => read(name);
  });
  for (const read of [one, other, one]) read?.();
  expect(pages.size).toBe(1);
  expect(seen.map(String)).toEqual(['one', 'other', 'one']);
});

test('a reader that expects silence has memory of its own while much comes, and can hold it', () => {
  const reader = new Reader();
  const seen: Buffer[] = [];
  reader.expectSilence();
  reader.receive = (bytes) => {
    seen.push(reader.lasting(bytes));
    reader.hold();
  };
  const read = socketOf(reader);
  const common = read('a little');
  expect(read('x'.repeat(common))).toBe(common);
  expect([read('y'.repeat(mediumSize)), read('z')]).toEqual([mediumSize, largeSize]);
  expect(read('again a little')).toBe(common);
  expect(seen.map(String)).toEqual([
    'a little',
    'x'.repeat(common),
    'y'.repeat(mediumSize),
    'z',
    'again a little',
  ]);
});
