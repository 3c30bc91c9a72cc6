// A Python kernel in a Jupyter server, over its REST API and WebSocket, with @jupyterlab/services.
// Not here: the server, and what is run (smoke.ts).
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { type Kernel, KernelManager, ServerConnection } from '@jupyterlab/services';
import { WebSocket } from 'ws';
import { PortwrapError } from '../../config/errors.ts';

export interface SmokeKernel {
  /** Runs a cell; settles with what it wrote to standard output. */
  run(code: string): Promise<string>;
  close(): Promise<void>;
}

/** `baseUrl` ends with the server's prefix. Throws SMOKE_FAILED. */
export async function openKernel(baseUrl: string, token: string): Promise<SmokeKernel> {
  const serverSettings = ServerConnection.makeSettings({
    baseUrl,
    wsUrl: baseUrl.replace(/^http/, 'ws'),
    token,
    // JupyterHub 5 and later refuse tokens in URLs, which end up in logs
    appendToken: false,
    WebSocket: authorized(token) as unknown as ServerConnection.ISettings['WebSocket'],
    fetch: fetch as ServerConnection.ISettings['fetch'],
    Request: Request as ServerConnection.ISettings['Request'],
    Headers: Headers as ServerConnection.ISettings['Headers'],
  });
  // the library logs every step to the console
  globalThis.console = new Console(new Writable({ write: (_chunk, _encoding, done) => done() }));
  const manager = new KernelManager({ serverSettings });
  try {
    await manager.ready;
    const kernel = await manager.startNew({ name: 'python3' });
    return {
      run: (code) => runCell(kernel, code),
      async close() {
        await kernel.shutdown().catch(() => {}); // the server is stopped next
        kernel.dispose();
        manager.dispose();
      },
    };
  } catch (cause) {
    manager.dispose();
    const message = `no kernel could be started at ${baseUrl}: ${(cause as Error).message}`;
    throw new PortwrapError('SMOKE_FAILED', message, {
      hint: 'Check that the proxy runs, that --public-url is its address, and that ipykernel is installed.',
      cause,
    });
  }
}

/** WebSockets with the token in their header, as programs outside of browsers can have them. */
function authorized(token: string): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  const options = { headers: { authorization: `token ${token}` } };
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, options);
    }
  };
}

async function runCell(kernel: Kernel.IKernelConnection, code: string): Promise<string> {
  const future = kernel.requestExecute({ code });
  let output = '';
  future.onIOPub = ({ content, header }) => {
    const stream = content as { name: string; text: string };
    if (header.msg_type === 'stream' && stream.name === 'stdout') output += stream.text;
  };
  const reply = await future.done;
  if (reply?.content.status === 'ok') return output;
  const error = reply?.content as { ename?: string; evalue?: string } | undefined;
  throw new PortwrapError(
    'SMOKE_FAILED',
    `the kernel did not run the cell: ${error?.ename}: ${error?.evalue}`,
  );
}
