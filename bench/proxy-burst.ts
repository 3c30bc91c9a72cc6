// A burst of 100 connections to one server behind a real slirp4netns forward, which queues only one that it
// has not accepted: without a proxy, through configurable-http-proxy and through ours. Needs root.
//   node bench/run.mjs proxy-burst
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSubject } from './proxy/subjects.ts';
import { percentile, report } from './report.ts';

const hostPort = 23456;
const guest = `require('node:http').createServer((q, r) => r.end('ok')).listen(8888, '0.0.0.0', () => console.log('up'))`;

const dir = mkdtempSync(join(tmpdir(), 'portwrap-burst-'));
const server = spawn('unshare', ['-n', process.execPath, '-e', guest], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const socket = join(dir, 'api.sock');
const slirp = spawn(
  'slirp4netns',
  ['-c', '-r', '3', '--mtu=65520', '--api-socket', socket, `${server.pid}`, 'tap0'],
  {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  },
);
try {
  await once(server.stdout, 'data');
  const ready = slirp.stdio[3];
  if (ready) await once(ready, 'data');
  await forward();
  const rows: Record<string, string | number>[] = [];
  for (const name of ['direct', 'configurable-http-proxy', 'relay']) {
    const subject = await startSubject(name, hostPort);
    if (subject === undefined) continue;
    const all = await Promise.all(Array.from({ length: 100 }, () => ask(subject.port)));
    await subject.stop();
    const times = all.filter((time) => time !== undefined);
    rows.push({
      proxy: name,
      answered: times.length,
      'p50 ms': percentile(times, 50),
      'max ms': Math.max(...times),
    });
  }
  report('proxy-burst', rows);
} finally {
  slirp.kill();
  server.kill();
  rmSync(dir, { recursive: true, force: true });
}

/** Milliseconds until the response, or undefined if there was none within five seconds. */
function ask(port: number): Promise<number | undefined> {
  const began = performance.now();
  return new Promise((resolve) => {
    const client = connect(port, '127.0.0.1');
    const late = setTimeout(() => client.destroy(), 5000);
    let received = '';
    client.on('data', (chunk) => {
      received += String(chunk);
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      clearTimeout(late);
      resolve(received.startsWith('HTTP/1.1 200') ? performance.now() - began : undefined);
    });
    client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  });
}

async function forward(): Promise<void> {
  const request = {
    execute: 'add_hostfwd',
    arguments: { proto: 'tcp', host_addr: '127.0.0.1', host_port: hostPort, guest_port: 8888 },
  };
  const api = connect(socket);
  api.end(JSON.stringify(request));
  const [answer] = await once(api, 'data');
  if (!String(answer).includes('return')) throw new Error(`slirp4netns refused: ${answer}`);
}
