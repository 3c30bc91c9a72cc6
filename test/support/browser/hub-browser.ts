// Just enough of a browser to log in to a hub and use it: cookies by path, redirects, the hub's XSRF field.
// Not here: rendering (browser-session.ts, with Chromium).
import { navigate, type Page, type PageRequest } from './navigate.ts';

export class HubBrowser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Fills in the form; returns the page that it leads to. */
  async logIn(username: string, password: string, next = '/hub/home'): Promise<Page> {
    await this.get('/hub/login');
    const body = new URLSearchParams({ username, password, _xsrf: this.#xsrf() });
    const page = await this.open(`/hub/login?next=${encodeURIComponent(next)}`, { method: 'POST', body });
    if (new URL(page.url).pathname === '/hub/login')
      throw new Error(`${username} could not log in: ${page.status} ${page.text}`);
    return page;
  }

  get(path: string): Promise<Page> {
    return this.open(path);
  }

  /** A request of the hub's REST API, as its own pages make it. */
  api(method: string, path: string, body?: object): Promise<Page> {
    const headers = { referer: `${this.#origin}/hub/home` };
    return this.open(`/hub/api${path}`, {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async open(path: string, init: PageRequest = {}): Promise<Page> {
    let url = new URL(path, this.#origin);
    let request = init;
    for (let hops = 0; hops < 20; hops += 1) {
      const own = { cookie: this.#cookiesFor(url.pathname), 'x-xsrftoken': this.#xsrf() };
      const page = await navigate(url, { ...request, headers: { ...request.headers, ...own } });
      for (const cookie of page.cookies) this.#keep(cookie);
      if (page.location === undefined) return page;
      url = new URL(page.location, url);
      request = {};
    }
    throw new Error(`${path} redirects in a circle`);
  }

  #keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
    const [name = '', ...value] = pair.split('=');
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    this.#cookies.set(`${name} ${path}`, { value: `${name}=${value.join('=')}`, path });
  }

  /** The cookies that it sends to a path, as a Cookie header. */
  cookieHeader(path: string): string {
    return this.#cookiesFor(new URL(path, this.#origin).pathname);
  }

  #cookiesFor(path: string): string {
    const matching = [...this.#cookies.values()].filter((cookie) => path.startsWith(cookie.path));
    return matching.map(({ value }) => value).join('; ');
  }

  #xsrf(): string {
    return /_xsrf=([^;]*)/.exec(this.#cookiesFor('/hub/'))?.[1] ?? '';
  }
}
