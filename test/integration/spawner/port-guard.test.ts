// The rule that closes the host ports to other accounts, loaded as printed, in a network namespace of its own.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { listenerUid, portGuardPaste, portGuardRules } from '../../../spawner/port-guard.ts';

const range = { low: 20_000, high: 20_063 };
const path = (name: string) => new URL(`../../../${name}`, import.meta.url).pathname;

describe.runIf(process.getuid?.() === 0)('the port guard', () => {
  test('stops other accounts, lets the proxy and root through, and is replaced when it is loaded again', () => {
    const input = JSON.stringify({ range, allowed: [61_001], stranger: 65_534 });
    const fixture = [process.execPath, path('test/fixtures/port-guard.mjs'), path('dist'), input];
    const inside = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...fixture];
    expect(JSON.parse(execFileSync('unshare', inside, { encoding: 'utf8' }))).toEqual([
      { shutOut: [], strangerPasses: true, status: 'warning' },
      { shutOut: [], strangerPasses: false, status: 'ok' },
      { shutOut: [61_001], strangerPasses: false, status: 'failed' },
    ]);
  });

  test('is printed as a file that nft accepts', () => {
    const rules = portGuardRules(range, [998]);
    expect(portGuardPaste(rules)).toContain(`<<'END'\n${rules}END\nnft -f `);
    execFileSync('unshare', ['--net', 'nft', '--check', '-f', '-'], { input: rules });
  });
});

test('the account of a listener is read from the kernel’s table', () => {
  const line = (local: string, state: string, uid: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1 0 100 0`;
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
    line('0100007F:1F90', '01', 7),
    line('0100007F:1F41', '0A', 998),
  ].join('\n');
  expect(listenerUid(table, 8001)).toBe(998);
  expect(listenerUid(table, 8080)).toBeNull(); // a connection, not a listener
});
