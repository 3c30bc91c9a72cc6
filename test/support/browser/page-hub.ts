// The part of a hub that the admin page uses: exchanges codes for tokens and tokens for users. The code is the user's
// name, or the name of a failure. Not here: a real hub (demo.ts).
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PageHub {
  readonly apiUrl: string;
  /** Scopes of users who have signed in; without scopes, the hub rejects their tokens. */
  readonly scopes: Map<string, readonly string[]>;
  /** The number of requests for the user of a token. */
  asked(): number;
  /** The form of the last request for a token. */
  exchanged(): URLSearchParams;
  close(): void;
}

/** The responses to codes that are not user names. */
const failures: Readonly<Record<string, readonly [number, object]>> = {
  refused: [400, { error: 'invalid_grant' }],
  strange: [200, { hello: 'world' }],
  failing: [503, { status: 503 }],
};

/** Knows the page by `clientSecret`. */
export async function startPageHub(clientSecret: string): Promise<PageHub> {
  const scopes = new Map<string, readonly string[]>();
  let asked = 0;
  let exchanged = new URLSearchParams();
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/hub/api/oauth2/token') {
      let body = '';
      for await (const chunk of request) body += chunk;
      exchanged = new URLSearchParams(body);
      if (exchanged.get('client_secret') !== clientSecret) return answer(401, { error: 'invalid_client' });
      const failure = failures[exchanged.get('code') ?? ''];
      if (failure !== undefined) return answer(...failure);
      return answer(200, { access_token: `token-of-${exchanged.get('code')}`, token_type: 'Bearer' });
    }
    asked += 1;
    const name = /^token token-of-(.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const own = scopes.get(name);
    if (own === undefined) return answer(403, { status: 403 });
    answer(200, { kind: 'user', name, admin: name === 'root', scopes: own });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub/api`,
    scopes,
    asked: () => asked,
    exchanged: () => exchanged,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
