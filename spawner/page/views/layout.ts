// The frame of every page: head, header with who is signed in, main part, footer. Not here: the main parts.
import type { Response } from 'express';
import { formToken } from '../auth/form-token.ts';
import { nonceOf } from '../auth/security-headers.ts';
import type { Session } from '../auth/sessions.ts';
import { type Html, html } from '../html.ts';

export interface Site {
  /** The page's path, with "/" at both ends. */
  readonly prefix: string;
  /** Where browsers find the hub's pages, with "/" at the end: a path, or a URL where the hub has another host. */
  readonly hubPages: string;
  readonly hubName: string;
  readonly version: string;
}

export interface PageParts {
  readonly title: string;
  readonly main: Html;
  /** null: nobody is signed in, or it cannot be known. */
  readonly session: Session | null;
}

export function sendPage(site: Site, response: Response, { title, main, session }: PageParts): void {
  const nonce = nonceOf(response);
  const { prefix, version } = site;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · portwrap</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${prefix}static/icon.svg?v=${version}" type="image/svg+xml">
<link rel="stylesheet" href="${prefix}static/page.css?v=${version}" nonce="${nonce}">
<script src="${prefix}static/page.js?v=${version}" nonce="${nonce}" type="module"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="${prefix}"><svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M12 2.5 20.5 7v10L12 21.5 3.5 17V7Z"/><circle cx="12" cy="12" r="2.6"/><path d="M14.6 12h8"/></svg><span>portwrap</span></a>
<span class="where">${site.hubName}</span>
${session !== null && personMenu(site, session)}
</header>
<p id="connection" class="notice" role="alert" hidden></p>
<main id="main" tabindex="-1">
${main}
</main>
<footer class="bottom">portwrap-spawner ${version}</footer>
</body>
</html>
`;
  response.type('html').send(page.text);
}

function personMenu({ prefix, hubPages }: Site, session: Session): Html {
  const { name, isAdmin } = session.person;
  return html`<nav class="person" aria-label="Account">
<span class="who"><bdi>${name}</bdi>${isAdmin && html` <span class="role">administrator</span>`}</span>
<a href="${hubPages}home">Hub</a>
<form method="post" action="${prefix}sign-out">${formToken(session)}<button class="quiet">Sign out</button></form>
</nav>`;
}
