// Which servers the reaper stops, against a small hub that answers as a JupyterHub does, or wrongly.
import { once } from 'node:events';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../../config/load.ts';
import { createLogger } from '../../../../config/logger.ts';
import type { ApiAddress } from '../../../../spawner/hubs/api-address.ts';
import { askHub } from '../../../../spawner/hubs/hub-api.ts';
import { startOrphanCleanup } from '../../../../spawner/hubs/orphans.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import type { ServerState } from '../../../../spawner/records/server-state.ts';
import type { Server } from '../../../../spawner/servers/server.ts';

const patience = { timeout: 20_000, interval: 5 };

/** A hub: users with the names of their active servers. What `wrong` answers is not answered otherwise. */
interface FakeHub {
  users: Record<string, string[]>;
  /** In the list of users, but not when asked for by name, and the other way round. */
  hiddenInList: string[];
  scopes: string[];
  wrong: (path: string, response: ServerResponse) => boolean;
  /** The rounds that were begun. */
  rounds: number;
  pages: number;
}

let hub: FakeHub;
let http: HttpServer;
let apiUrl: string;
beforeEach(async () => {
  hub = {
    ...{ users: {}, hiddenInList: [], scopes: ['list:users', 'read:servers'] },
    ...{ wrong: () => false, rounds: 0, pages: 0 },
  };
  http = createServer((request, response) => answer(request.url ?? '', response)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  apiUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}/hub/api`;
});
afterEach(() => {
  http.closeAllConnections();
  http.close();
});

function answer(address: string, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(address, 'http://hub');
  const path = pathname.replace('/hub/api', '');
  if (path === '/user') hub.rounds += 1;
  if (hub.wrong(path, response)) return;
  const json = (body: unknown) => {
    response.end(JSON.stringify(body));
  };
  const model = (name: string) => ({
    name,
    servers: Object.fromEntries((hub.users[name] ?? []).map((server) => [server, { name: server }])),
  });
  if (path === '/user') {
    json({ scopes: hub.scopes });
    return;
  }
  if (path !== '/users') {
    const name = decodeURIComponent(path.slice('/users/'.length));
    if (name in hub.users) json(model(name));
    else response.writeHead(404).end('{}');
    return;
  }
  hub.pages += 1;
  const [offset, limit] = [Number(searchParams.get('offset')), 2]; // a hub may give less than was asked for
  const names = Object.keys(hub.users).filter((name) => !hub.hiddenInList.includes(name));
  const next = offset + limit < names.length ? { offset: offset + limit } : null;
  json({ items: names.slice(offset, offset + limit).map(model), _pagination: { next } });
}

/** The reaper among servers, named "user" or "user/name"; settles when it has made some comparisons. */
async function reap(
  servers: Record<string, ServerState>,
  until: () => boolean,
  place?: ApiAddress,
): Promise<string[]> {
  const stopped: string[] = [];
  const records = Object.entries(servers).map(([label, state]) => {
    const [user = '', name = ''] = label.split('/');
    return { id: label, hub: 'hub', user, name, spawn_id: label, state } as ServerRecord;
  });
  const address = place ?? { api_url: apiUrl, public_api_url: null };
  const hubs = [
    { name: 'hub', token: '', ...address, reaper: { interval: 0.01, token: 'reaper-token' } },
    { name: 'other', token: '', ...address, reaper: null },
  ];
  const reaper = startOrphanCleanup({
    servers: {
      list: (of) => (of === 'hub' ? records.map((record) => ({ record }) as Server) : []),
      async stop({ user, name }) {
        const label = name === '' ? user : `${user}/${name}`;
        stopped.push(label);
        records.splice(
          records.findIndex((record) => record.id === label),
          1,
        );
      },
    },
    config: () => ({ hubs }) as unknown as Config,
    log: createLogger('silent', 'test'),
    tick: 5,
  });
  await expect.poll(until, patience).toBe(true);
  reaper.close();
  return stopped.sort();
}

const afterRounds = (count: number) => () => hub.rounds >= count;

describe('stopped', () => {
  test('a server whose user is not known, and one that a known user does not have', async () => {
    hub.users = { ann: [''], bea: ['lab'] };
    const servers = {
      ann: 'ready',
      'ann/lab': 'ready',
      bea: 'starting',
      'bea/lab': 'ready',
      cleo: 'ready',
    } as const;
    expect(await reap(servers, afterRounds(4))).toEqual(['ann/lab', 'bea', 'cleo']);
  });

  test('only when it was unknown twice in a row', async () => {
    hub.users = { ann: [''] };
    hub.wrong = (path) => {
      // known every other time
      if (path === '/user') hub.users = hub.rounds % 2 === 0 ? { ann: [''], dan: [''] } : { ann: [''] };
      return false;
    };
    expect(await reap({ ann: 'ready', dan: 'ready' }, afterRounds(8))).toEqual([]);
  });
});

test('the hub is asked at its public_api_url, where one is given', async () => {
  hub.users = { ann: [''] };
  const place = { api_url: 'https://127.0.0.1:9/hub/api', public_api_url: apiUrl };
  expect(await reap({ ann: 'ready', dan: 'ready' }, afterRounds(4), place)).toEqual(['dan']);
});

describe('not stopped', () => {
  test('a server on a later page of the list', async () => {
    hub.users = { ann: [''], bea: [''], cleo: [''], dan: [''], eve: [''] };
    expect(await reap({ eve: 'ready', dan: 'ready', ann: 'ready' }, afterRounds(4))).toEqual([]);
    expect(hub.pages).toBeGreaterThanOrEqual(3);
  });

  test('a server that slipped through the pages, and is there when asked for by name', async () => {
    hub.users = { ann: [''], dan: [''] };
    hub.hiddenInList = ['dan'];
    expect(await reap({ ann: 'ready', dan: 'ready' }, afterRounds(4))).toEqual([]);
  });

  test('a server of a user of whom the hub has one by a name that we do not know: it may have been renamed', async () => {
    hub.users = { ann: ['renamed', ''] };
    expect(await reap({ ann: 'ready', 'ann/before': 'ready' }, afterRounds(4))).toEqual([]);
  });

  test('a server that ends already, or has ended', async () => {
    hub.users = { ann: [''] };
    expect(await reap({ ann: 'ready', bea: 'stopping', cleo: 'exited' }, afterRounds(4))).toEqual([]);
  });

  test.each<[string, FakeHub['wrong']]>([
    ['500', (_path, response) => !!response.writeHead(500).end('{}')],
    ['403', (_path, response) => !!response.writeHead(403).end('{}')],
    [
      '404 for everything, as another program would',
      (_path, response) => !!response.writeHead(404).end('{}'),
    ],
    ['a redirect', (_path, response) => !!response.writeHead(302, { location: '/' }).end()],
    ['text', (_path, response) => !!response.end('<html>')],
    ['an empty list that is no page', (path, response) => path === '/users' && !!response.end('[]')],
    [
      'users without servers, for want of a scope',
      (path, response) =>
        path === '/users' && !!response.end('{"items": [{"name": "ann"}], "_pagination": {"next": null}}'),
    ],
    [
      'the same page again and again',
      (path, response) =>
        path === '/users' && !!response.end('{"items": [], "_pagination": {"next": {"offset": 1}}}'),
    ],
    [
      'half of an answer',
      (_path, response) =>
        !!response.writeHead(200, { 'content-length': '99' }).write('{') && !response.destroy().closed,
    ],
    [
      'an error for the user alone',
      (path, response) => path === '/users/ann' && !!response.writeHead(503).end('{}'),
    ],
  ])('anything, while the hub answers with %s', async (_name, wrong) => {
    hub.wrong = wrong;
    expect(await reap({ ann: 'ready' }, afterRounds(4))).toEqual([]);
  });

  test.each([[['list:users']], [['list:users!group=x', 'read:servers']], [[]]])(
    'anything, while the token has only the scopes %j',
    async (scopes) => {
      hub.scopes = scopes;
      expect(await reap({ ann: 'ready' }, afterRounds(4))).toEqual([]);
    },
  );

  test.each([301, 302, 404, 405])(
    'anything where the API is not at api_url (%s), as when the base_url of the hub is missing there: that is said',
    async (status) => {
      hub.wrong = (path, response) => {
        if (path === '/user') response.writeHead(status, { location: '/jupyter/hub/hub/api/user' }).end();
        return path === '/user';
      };
      const said = `the hub has no API at ${apiUrl} (HTTP ${status}): this URL must contain the base_url`;
      await expect(askHub(apiUrl, 'reaper-token')).rejects.toThrow(said);
    },
  );

  test('anything, when a failure lies between two times of being unknown', async () => {
    hub.wrong = (_path, response) => hub.rounds % 2 === 0 && !!response.writeHead(500).end('{}');
    expect(await reap({ ann: 'ready' }, afterRounds(8))).toEqual([]);
  });
});
