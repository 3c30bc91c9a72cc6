// Just enough of a browser to log in to a hub and use it: cookies by path, redirects, the hub's XSRF field.

export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  async logIn(user: string, password: string): Promise<void> {
    await this.get('/hub/login');
    const form = new URLSearchParams({ username: user, password, _xsrf: this.#xsrf() });
    const answer = await this.fetch('/hub/login?next=%2Fhub%2Fhome', { method: 'POST', body: form });
    if (answer.status !== 200) throw new Error(`login of ${user}: ${answer.status}`);
  }

  get(path: string): Promise<Response> {
    return this.fetch(path);
  }

  /** A request of the hub's REST API, as its own pages make it. */
  api(method: string, path: string): Promise<Response> {
    return this.fetch(`/hub/api${path}`, { method, headers: { referer: `${this.#origin}/hub/home` } });
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let url = new URL(path, this.#origin);
    let request: RequestInit = init;
    for (let hops = 0; hops < 20; hops += 1) {
      const headers = new Headers(request.headers);
      headers.set('cookie', this.#cookiesFor(url.pathname));
      headers.set('x-xsrftoken', this.#xsrf());
      const answer = await fetch(url, { ...request, headers, redirect: 'manual' });
      for (const cookie of answer.headers.getSetCookie()) this.#keep(cookie);
      const location = answer.headers.get('location');
      if (location === null) return answer;
      await answer.body?.cancel();
      url = new URL(location, url);
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

  #cookiesFor(path: string): string {
    const matching = [...this.#cookies.values()].filter((cookie) => path.startsWith(cookie.path));
    return matching.map(({ value }) => value).join('; ');
  }

  #xsrf(): string {
    return /_xsrf=([^;]*)/.exec(this.#cookiesFor('/hub/'))?.[1] ?? '';
  }
}
