// The rule that closes the host ports to other accounts, loaded as printed, in a network namespace of its own.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import { guardAccounts } from '../../../../spawner/port-guard/accounts.ts';
import { listenersAt } from '../../../../spawner/port-guard/listeners.ts';
import { evaluatePortGuard } from '../../../../spawner/port-guard/probe.ts';
import { portGuardPaste, portGuardRules } from '../../../../spawner/port-guard/rule.ts';
import { needsRoot } from '../../../support/reasons.ts';

const range = { low: 20_000, high: 20_063 };
const path = (name: string) => new URL(`../../../../${name}`, import.meta.url).pathname;

/** One line of proc_net_tcp(5). */
const line = (local: string, state: string, uid: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1 0 100 0`;

describe('the port guard', needsRoot, () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'port-guard-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What is seen before the rule, with it, and with one that leaves the proxy out, in a network namespace of its own. */
  const look = (program?: string, node = process.execPath) => {
    const input = JSON.stringify({ range, allowed: [61_001], stranger: 65_534, program });
    const fixture = [node, path('test/fixtures/port-guard.mjs'), path('dist'), input];
    const inside = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...fixture];
    // with it, Node 20 refuses seteuid() as Debian's does without it (CVE-2024-22017)
    const env = { ...process.env, UV_USE_IO_URING: '1' };
    return JSON.parse(execFileSync('unshare', inside, { encoding: 'utf8', env })) as unknown;
  };
  const asPromised = [
    { shutOut: [], strangerPasses: true, untried: [], status: 'warning' },
    { shutOut: [], strangerPasses: false, untried: [], status: 'ok' },
    { shutOut: [61_001], strangerPasses: false, untried: [], status: 'failed' },
  ];

  test('stops other accounts, lets the proxy and root through, and is replaced when it is loaded again', () => {
    expect(look()).toEqual(asPromised);
  });

  test('is tried by a Node that lies where other accounts may not go', () => {
    const closed = join(directory, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    copyFileSync(process.execPath, join(closed, 'node'));
    chmodSync(join(closed, 'node'), 0o755);
    expect(look(undefined, join(closed, 'node'))).toEqual(asPromised);
  });

  test('is never called ok, nor broken, by a connection that could not be tried', () => {
    const program = join(directory, 'no-program');
    copyFileSync(process.execPath, program);
    chmodSync(program, 0o600);
    const untried = [0, 61_001, 65_534].map((uid) => ({
      uid,
      why: expect.stringContaining('Permission denied'),
    }));
    const unknown = { shutOut: [], strangerPasses: false, untried, status: 'warning' };
    expect(look(program)).toEqual([unknown, unknown, unknown]);
    const passage = {
      shutOut: [],
      strangerPasses: false,
      untried: [{ uid: 7, why: 'x: Permission denied' }],
    };
    expect(evaluatePortGuard(passage, range, []).what).toBe(
      'could not try a connection as uid 7: x: Permission denied',
    );
  });

  test('is printed as a file that nft accepts', () => {
    const rules = portGuardRules(range, [998]);
    expect(portGuardPaste(rules)).toContain(`<<'END'\n${rules}END\nnft -f `);
    execFileSync('unshare', ['--net', 'nft', '--check', '-f', '-'], { input: rules });
  });
});

test('the account of a listener is read from the kernel’s table, for its own address or the wildcard only', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
    line('0200007F:1F41', '0A', 1000),
    line('0100007F:1F90', '01', 7),
    line('0100007F:1F41', '0A', 998),
    line('00000000:1F91', '0A', 997),
    line('00000000000000000000000001000000:1F41', '0A', 1001),
    line('00000000000000000000000000000000:1F92', '0A', 996),
  ].join('\n');
  const listenerUids = (addresses: string[], port: number) =>
    listenersAt(table, addresses, port).map(({ uid }) => uid);
  expect(listenerUids(['127.0.0.1'], 8001)).toEqual([998]); // not who sits at 127.0.0.2 or ::1
  expect(listenerUids(['127.0.0.1', '::1'], 8001)).toEqual([998, 1001]);
  expect(listenerUids(['127.0.0.1'], 8081)).toEqual([997]);
  expect(listenerUids(['::1'], 8082)).toEqual([996]);
  expect(listenerUids(['127.0.0.1'], 8082)).toEqual([996]);
  expect(listenerUids(['127.0.0.1'], 8080)).toEqual([]); // a connection, not a listener
});

describe('whom the port guard lets through', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'port-guard-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const configured = (stateDirectory: string, hub: string, proxy: string) =>
    parseConfig(
      `service: {state_dir: ${stateDirectory}}
accounts: {mode: service, home: "/home/{username}"}
proxy: {api_url: "${proxy}", token_env: T}
hubs: [{name: hub, token_env: T, api_url: "${hub}"}]`,
      'f',
    );

  test('is the service too: the owner of its state directory', needsRoot, async () => {
    chownSync(directory, 61_002, 61_002);
    // 192.0.2.0/24 is no machine's (RFC 5737): whoever is elsewhere needs no leave here
    const config = configured(directory, 'http://192.0.2.1', 'http://192.0.2.2');
    expect(await guardAccounts(config, 61_001)).toEqual({ uids: [61_002, 61_001], gaps: [] });
  });

  test('is not known while service, proxy or hub is away, and then the check is never ok', async () => {
    const config = configured(join(directory, 'none'), 'http://127.0.0.1:8081', 'https://127.0.0.1');
    const { gaps } = await guardAccounts(config, undefined, line('0100007F:0050', '0A', 7));
    expect(gaps.map(({ what }) => what)).toEqual([
      expect.stringContaining("the service's account is not known"),
      "the proxy's account is not known: no process listens at 127.0.0.1:443",
      'the hub "hub"\'s account is not known: no process listens at 127.0.0.1:8081',
    ]);
    const check = evaluatePortGuard({ shutOut: [], strangerPasses: false, untried: [] }, range, gaps);
    expect(check).toMatchObject({ status: 'warning', what: gaps.map(({ what }) => what).join('; ') });
    expect(check.fix).toBe(
      'Start the service; Start the proxy; Start the hub "hub"; then run this again for the rule.',
    );
  });

  test(
    'is the account that was handed a socket of root’s, and nobody while it only waits',
    needsRoot,
    async () => {
      const script = `import os, socket
s = socket.create_server(("127.0.0.1", 0))
s.set_inheritable(True)
print(s.getsockname()[1], flush=True)
os.setuid(61003)
os.execvp("sleep", ["sleep", "1000"])`;
      const holder = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      const port = String((await once(holder.stdout, 'data'))[0]).trim();
      const config = configured(directory, 'http://192.0.2.1', `http://127.0.0.1:${port}`);
      await expect.poll(async () => (await guardAccounts(config, undefined)).uids).toContain(61_003);
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      const table = line('0100007F:1F41', '0A', 0); // of a socket that no process has
      const waiting = configured(directory, 'http://192.0.2.1', 'http://127.0.0.1:8001');
      expect((await guardAccounts(waiting, undefined, table)).gaps).toContainEqual({
        what: "the proxy's account is not known: no process but init holds the listening socket at 127.0.0.1:8001",
        fix: 'Start the proxy',
      });
    },
  );

  test('is not guessed when several accounts listen', async () => {
    const config = configured(directory, 'http://192.0.2.1', 'http://127.0.0.1:8001');
    const table = `${line('0100007F:1F41', '0A', 998)}\n${line('00000000:1F41', '0A', 997)}\n`;
    const { uids, gaps } = await guardAccounts(config, undefined, table);
    expect(uids).not.toContain(998);
    expect(uids).not.toContain(997);
    expect(gaps).toContainEqual({
      what: "the proxy's account is not known: uids 998 and 997 listen at 127.0.0.1:8001",
      fix: 'Find the processes that listen at 127.0.0.1:8001, and name its account with --proxy-user',
    });
  });
});
