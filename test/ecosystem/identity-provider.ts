// A FAKE identity provider: OAuth 2 with the authorization code grant, and one user who is always signed in.
// https://www.rfc-editor.org/rfc/rfc6749#section-4.1. Not here: the hub's side, which is oauthenticator.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface IdentityProvider {
  readonly url: string;
  /** Of the client "hub". */
  readonly secret: string;
  close(): Promise<void>;
}

export async function startIdentityProvider(user: string): Promise<IdentityProvider> {
  const [secret, code, token] = [randomUUID(), randomUUID(), randomUUID()];
  const answers: Record<string, (form: URLSearchParams, authorization: string) => object | undefined> = {
    '/token': (form) =>
      form.get('code') === code && form.get('client_id') === 'hub' && form.get('client_secret') === secret
        ? { access_token: token, token_type: 'Bearer', expires_in: 3600 }
        : undefined,
    '/userinfo': (_, authorization) =>
      authorization === `Bearer ${token}` ? { sub: '1', preferred_username: user } : undefined,
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.search = `${new URLSearchParams({ code, state: searchParams.get('state') ?? '' })}`;
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = answers[pathname]?.(new URLSearchParams(body), request.headers.authorization ?? '');
    response.writeHead(answer === undefined ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: 'invalid_request' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secret },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
