// Readiness: the server itself has answered an HTTP request. A connection proves nothing, since the
// forwarder accepts with nobody listening. Not here: what to do when it never does.
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface ReadinessProbe {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Pid 1 of the sandbox and the port inside: asked first whether anybody listens. */
  readonly child: number;
  readonly guestPort: number;
}

/** Milliseconds between two looks: the kernel has no event for a port that begins to listen. */
const firstPace = 15;
const lastPace = 200;
/** Milliseconds for one answer; a slow first page is asked for again. */
const answerTimeout = 15_000;

/** Resolves when the server answers with a status below 500; rejects with the signal's reason when aborted. */
export async function answered(probe: ReadinessProbe, abort: AbortSignal): Promise<void> {
  for (let pace = firstPace; ; pace = Math.min(pace * 1.15, lastPace)) {
    if ((await isListening(probe)) && (await answersOnce(probe, abort))) return;
    await pause(pace, undefined, { signal: abort }).catch(() => abort.throwIfAborted());
  }
}

/** A look into the sandbox's socket table costs a tenth of a request through the forwarder. */
async function isListening(probe: ReadinessProbe): Promise<boolean> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${probe.child}/net/${table}`, 'utf8').catch(() => '')),
  );
  // proc_net_tcp(5): local address:port in hexadecimal, remote, state (0A is LISTEN)
  const port = probe.guestPort.toString(16).toUpperCase().padStart(4, '0');
  return tables.some((table) => new RegExp(`:${port} [0-9A-F]+:0000 0A `).test(table));
}

/** Does it answer one request with a status below 500? Never rejects. */
export function answersOnce(
  probe: Pick<ReadinessProbe, 'host' | 'port' | 'path'>,
  abort: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: probe.host,
        port: probe.port,
        path: probe.path,
        agent: false,
        signal: abort,
        timeout: answerTimeout,
      },
      (response) => {
        response.resume();
        resolve((response.statusCode ?? 500) < 500);
      },
    );
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.once('close', () => resolve(false));
    call.end();
  });
}
