// The page's only script: while the page is looked at, it fetches itself every few seconds and takes over what has
// changed, and it follows the log. Without it everything is there as well, as of when the page was loaded.

const interval = 3000;
const connection = document.getElementById('connection');
/** Says that a request is made by this page: scripts of other pages on its origin do not know the token. */
const own = { 'x-form-token': document.querySelector('input[name=form_token]')?.value ?? '' };

/** Replaces the parts that are marked data-live by what the server says now. */
async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html', ...own } });
  if (response.redirected && new URL(response.url).pathname !== location.pathname) throw new Gone(401);
  if (response.status === 401 || response.status === 403 || response.status === 404)
    throw new Gone(response.status);
  if (!response.ok) throw new Error(`${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (next === null) continue;
    keepUnfolded(part, next);
    if (next.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    // what a hand or a screen reader is on must not vanish under it: text below it changes in place
    if (focused === null || !replaceAround(part, next, focused)) part.replaceChildren(...next.childNodes);
  }
  return fresh;
}

/** What its reader has unfolded stays so. */
function keepUnfolded(part, next) {
  for (const { id } of part.querySelectorAll('details[open][id]')) {
    const twin = next.querySelector(`#${CSS.escape(id)}`);
    if (twin !== null) twin.open = true;
  }
}

/** Replaces all but the focused element; false when the new content has none with its id. */
function replaceAround(part, next, focused) {
  const twin = focused.id === '' ? null : next.querySelector(`#${CSS.escape(focused.id)}`);
  if (twin === null) return false;
  part.replaceChildren(...next.childNodes);
  twin.focus({ preventScroll: true });
  return true;
}

class Gone extends Error {
  constructor(status) {
    super(`${status}`);
    this.status = status;
  }
}

const words = {
  401: 'You are signed out.',
  403: 'You may not see this page any more.',
  404: 'This server does not exist any more: it was stopped or started again.',
};

/** Says what is the matter, in a place that screen readers read at once; null: nothing. */
function tell(text, link) {
  if (text === null) {
    connection.hidden = true;
    return;
  }
  if (!connection.hidden && connection.dataset.text === text) return;
  connection.dataset.text = text;
  connection.textContent = text;
  if (link !== undefined) {
    const anchor = document.createElement('a');
    anchor.href = link.href;
    anchor.textContent = link.text;
    connection.append(' ', anchor);
  }
  connection.hidden = false;
}

function tellOf(error) {
  if (!(error instanceof Gone)) return tell('The page is not up to date: no connection. Trying again.');
  const home = document.querySelector('.brand').href;
  if (error.status === 404) return tell(words[404], { href: home, text: 'Show the servers' });
  return tell(words[error.status], { href: location.href, text: 'Load the page again' });
}

/** Waits until the page is looked at, and at least the interval. */
async function nextTurn() {
  await new Promise((resolve) => setTimeout(resolve, interval));
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
  }
}

async function keepFresh() {
  for (;;) {
    await nextTurn();
    try {
      await refresh();
      tell(null);
    } catch (error) {
      tellOf(error);
      if (error instanceof Gone) return;
    }
  }
}

/** Appends what the server writes; a log that is cut off or has ended is asked for again with the page. */
async function followLog(log) {
  const follow = document.getElementById('follow');
  const label = follow.closest('label');
  const toEnd = () => {
    if (follow.checked) log.scrollTop = log.scrollHeight;
  };
  follow.addEventListener('change', toEnd);
  // who scrolls up reads: what comes must not pull the text away
  log.addEventListener('scroll', () => {
    follow.checked = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  });
  toEnd();
  while (log.dataset.log !== '') {
    label.hidden = false;
    try {
      const response = await fetch(log.dataset.log, { headers: own });
      if (!response.ok) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        append(log, part.value);
        toEnd();
      }
    } catch {
      // the connection broke: below it is made again
    }
    await nextTurn();
    try {
      const fresh = (await refresh()).getElementById('log');
      log.textContent = fresh.textContent;
      log.dataset.log = fresh.dataset.log;
      toEnd();
    } catch (error) {
      if (error instanceof Gone) return;
    }
  }
  label.hidden = true;
}

const mostText = 500_000;

function append(log, text) {
  document.getElementById('log-empty')?.remove();
  log.append(text);
  if (log.textContent.length > mostText) log.textContent = log.textContent.slice(-mostText / 2);
}

keepFresh();
const log = document.getElementById('log');
if (log !== null) followLog(log);
