// A host of the test's own, in namespaces: /etc and /run that may be changed, a network with a second machine, and name
// servers on both. Not here: what is asked (test/integration/portwrap/names.test.ts).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Mode } from '../run-portwrap.ts';

/** The name servers; each answers every name in the domain "test" with the address beside it. */
export const resolvers = {
  /** On the loopback of the host. */
  stub: { address: '127.0.0.53', answer: '198.51.100.1' },
  first: { address: '192.0.2.53', answer: '198.51.100.2' },
  second: { address: '192.0.2.54', answer: '198.51.100.3' },
  ipv6: { address: '2001:db8::53', answer: '198.51.100.4' },
  /** No test names it in resolv.conf. */
  unnamed: { address: '2001:db8::54', answer: '198.51.100.6' },
  /** At an address of the host itself. */
  own: { address: '192.0.2.9', answer: '198.51.100.5' },
} as const;

/** Nothing listens there. */
export const deadServer = '192.0.2.1';

export interface HostWithResolvers {
  /** Runs a script as root on that host. */
  run(script: string): string;
  /** The mode, for programs that start on that host. */
  on(mode: Mode): Mode;
  close(): Promise<void>;
}

/** In the private /etc and /run only. Without it nothing is changed: it would be the machine's own. */
const marker = 'host-of-a-test';
const onlyThere = `[ -e /etc/${marker} ] && [ -e /run/${marker} ] || { echo 'not the host of the test' >&2; exit 99; }`;

const fixture = join(import.meta.dirname, '../../fixtures/portwrap/name-servers.mjs');

export async function hostWithResolvers(): Promise<HostWithResolvers> {
  const { stub, first, second, ipv6, unnamed, own } = resolvers;
  const serve = (...servers: { address: string; answer: string }[]) =>
    [process.execPath, fixture, ...servers.map(({ address, answer }) => `${address}=${answer}`)].join(' ');
  const script = `set -e
    mount -t tmpfs -o mode=755 none /mnt
    mkdir /mnt/etc
    # files of other programs may disappear meanwhile
    cp -a /etc/. /mnt/etc 2>/dev/null || true
    touch /mnt/etc/${marker}
    mount --bind /mnt/etc /etc
    mount -t tmpfs -o mode=755 none /run
    touch /run/${marker}
    ${onlyThere}
    hostname machine.lan
    ip link set lo up
    mkfifo /mnt/up /mnt/second && exec 3<>/mnt/up
    unshare --net sh -c '
      ip link set lo up; echo >&3; read -r _
      ip link set v1 up
      for address in ${deadServer} ${first.address} ${second.address}; do ip address add $address/24 dev v1; done
      for address in ${ipv6.address} ${unnamed.address}; do ip address add $address/64 dev v1 nodad; done
      exec ${serve(first, second, ipv6, unnamed)}' </mnt/second >/mnt/up 2>&1 &
    other=$!
    exec 4>/mnt/second
    read -r _ <&3
    ip link add v0 type veth peer name v1 netns $other
    ip link set v0 up
    ip address add ${own.address}/24 dev v0
    ip address add 2001:db8::9/64 dev v0 nodad
    ip route add default via ${deadServer}
    ip -6 route add default via 2001:db8::1
    echo >&4
    read -r _ <&3
    exec ${serve(stub, own)}`;
  const child = spawn(
    'unshare',
    ['--net', '--mount', '--uts', '--propagation', 'private', 'sh', '-c', script],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  const ready = once(child.stdout, 'data');
  await Promise.race([
    ready,
    ended.then(() => {
      throw new Error('the host with resolvers did not start');
    }),
  ]);
  const enter = ['nsenter', `--target=${child.pid}`, '--net', '--mount', '--uts', '--'];
  return {
    run: (text) =>
      execFileSync(enter[0] ?? '', [...enter.slice(1), 'sh', '-ec', `${onlyThere}\n${text}`], {
        encoding: 'utf8',
      }),
    on: (mode) => ({ ...mode, become: [...enter, ...mode.become] }),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
