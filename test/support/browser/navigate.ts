// A request as a browser sends it when a person opens a page or submits its form on an address without TLS. fetch() sends
// "Sec-Fetch-Mode: cors" with every request, and JupyterHub sets no XSRF cookie in the responses to those.
// Not here: cookies and redirects (hub-browser.ts).
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly location: string | undefined;
  /** Each Set-Cookie header. */
  readonly cookies: readonly string[];
  readonly text: string;
}

export interface PageRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
}

export async function navigate(url: URL, { method = 'GET', headers = {}, body }: PageRequest): Promise<Page> {
  const type = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const sent = request(url, { method, headers: { ...type, ...headers }, agent: false });
  sent.end(body?.toString());
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  return {
    url: url.href,
    status: answer.statusCode ?? 0,
    location: answer.headers.location,
    cookies: answer.headers['set-cookie'] ?? [],
    text,
  };
}
