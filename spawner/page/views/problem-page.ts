// What a person reads when something is not possible: what happened, what to do, and the code to look up.
import type { PortwrapError } from '../../../config/errors.ts';
import { type Html, html } from '../html.ts';
import type { Site } from './layout.ts';

export function problemPage({ prefix }: Site, { status, message, hint, code }: PortwrapError): Html {
  return html`<section class="problem alone">
<p class="status">${status}</p>
<h1>${sentence(message)}</h1>
<p>${hint}</p>
<p><a class="button" href="${prefix}">Show the servers</a></p>
<p class="hint"><code>${code}</code></p>
</section>`;
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
