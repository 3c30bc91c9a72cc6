// Which ports are listed in which order, since when, and which programs are asked how often.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import type { askProgram, Heard } from '../../../../spawner/open-ports/ask-program.ts';
import { createPortLists } from '../../../../spawner/open-ports/port-lists.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import type { ListeningPort } from '../../../../spawner/usage/observe.ts';

const record = { id: 'a', sandbox: { guestPort: 8888 } } as ServerRecord;

function open(port: number, more: Partial<ListeningPort> = {}): ListeningPort {
  return {
    port,
    loopbackOnly: true,
    programs: ['python3'],
    words: [],
    started: 1_000,
    key: `${port}`,
    ...more,
  };
}

const page: Heard = { spoken: 'http', status: 200, title: 'A page' };
const said = (spoken: Heard['spoken'], status: number | null = null): Heard => ({
  spoken,
  status,
  title: null,
});

function scene(ports: ListeningPort[], says: (port: number) => Heard | Promise<Heard> = () => page) {
  let now = 10_000;
  const asked: number[] = [];
  const ask: typeof askProgram = async (_connect, port) => {
    asked.push(port);
    return says(port);
  };
  let seen = ports;
  const lists = createPortLists({ connect: async () => connect(1), look: () => seen, ask, now: () => now });
  return {
    asked,
    list: (asks = true, patience = 10_000) => lists.of(record, { asks, patience }),
    pass: (milliseconds: number) => (now += milliseconds),
    see: (other: ListeningPort[]) => (seen = other),
  };
}

test('pages come first with their titles, then what speaks something else, then what nobody looks for', async () => {
  const speaks: Record<number, Heard> = {
    9000: page,
    9001: said('other'),
    9002: said('zeromq'),
    9003: said('debugger'),
  };
  const ports = [8888, 9003, 9002, 9001, 9000].map((port) => open(port));
  const { list, asked } = scene(
    [...ports, open(5432, { programs: ['postgres'] })],
    (port) => speaks[port] ?? page,
  );
  expect((await list()).map(({ port, kind, title }) => [port, kind, title])).toEqual([
    [9000, 'http', 'A page'],
    [5432, 'other', null],
    [9001, 'other', null],
    [8888, 'server', null],
    [9002, 'kernel', null],
    [9003, 'debugger', null],
  ]);
  // neither the server itself nor a program that is known not to speak HTTP
  expect(asked.sort()).toEqual([9000, 9001, 9002, 9003]);
});

test('nobody is asked for somebody who may not open ports, and what was heard is not told', async () => {
  const { list, asked } = scene([open(9000), open(9001, { words: ['python3', '-m', 'ipykernel_launcher'] })]);
  await list();
  asked.length = 0;
  expect((await list(false)).map(({ port, kind, title }) => [port, kind, title])).toEqual([
    [9000, 'unknown', null],
    [9001, 'kernel', null],
  ]);
  expect(asked).toEqual([]);
});

test('a program is asked once, and again when another one has its port', async () => {
  const { list, asked, pass, see } = scene([open(9000)]);
  for (let looks = 0; looks < 5; looks += 1) {
    await list();
    pass(2_000);
  }
  expect(asked).toEqual([9000]);
  see([open(9000, { key: 'another' })]);
  await list();
  expect(asked).toEqual([9000, 9000]);
});

test.each(['other', 'silent', 'http'] as const)(
  'a port whose program has no page (%s) is left alone, also where it is started again all the time',
  async (spoken) => {
    const { list, asked, pass, see } = scene([], () => said(spoken, spoken === 'http' ? 502 : null));
    for (let looks = 0; looks < 200; looks += 1) {
      see(looks % 3 === 2 ? [] : [open(9000, { key: `${looks}` })]);
      await list();
      pass(3_000);
    }
    expect(asked.length).toBeLessThanOrEqual(3); // in ten minutes
    expect(asked.length).toBeGreaterThan(1);
  },
);

test('what a silent program says later is told, and what it said for good is not asked for again', async () => {
  let heard = said('silent');
  const { list, asked, pass } = scene([open(9000)], () => heard);
  expect((await list())[0]?.kind).toBe('unknown');
  heard = page;
  pass(31_000);
  expect((await list())[0]).toMatchObject({ kind: 'http', title: 'A page' });
  pass(7_200_000);
  await list();
  expect(asked).toHaveLength(2);
});

test('a list does not wait for a slow program longer than it has patience, and few are asked at once', async () => {
  let running = 0;
  let most = 0;
  const release: (() => void)[] = [];
  const { list } = scene(
    Array.from({ length: 50 }, (_, index) => open(9000 + index)),
    async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => release.push(resolve));
      running -= 1;
      return page;
    },
  );
  expect((await list(true, 10)).every(({ kind }) => kind === 'unknown')).toBe(true);
  const complete = list();
  while (release.length > 0) {
    release.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await complete).every(({ kind }) => kind === 'http')).toBe(true);
  expect(most).toBe(6);
});

test('a port is open since its program started, or since the last look without it', async () => {
  const { list, pass, see } = scene([open(9000), open(9001, { started: null })]);
  const since = async () => Object.fromEntries((await list()).map((port) => [port.port, port.since]));
  expect(await since()).toEqual({ 9000: 1_000, 9001: null });
  pass(5_000);
  see([open(9000), open(9002), open(9003, { started: 14_000 })]);
  expect(await since()).toEqual({ 9000: 1_000, 9002: 10_000, 9003: 14_000 });
  pass(5_000);
  expect(await since()).toEqual({ 9000: 1_000, 9002: 10_000, 9003: 14_000 });
});

test('a server that does not run here has none', async () => {
  const lists = createPortLists({ connect: async () => connect(1), look: () => [open(9000)] });
  expect(await lists.of({ ...record, sandbox: null }, { asks: true, patience: 1 })).toEqual([]);
});
