// What the journal says when the forwarder of a server has died. Not here: attaching it again (portwrap/), the route of
// the server meanwhile (servers/server-route.ts).
import { toPortwrapError } from '../../../config/errors.ts';
import type { Logger } from '../../../config/logger.ts';
import type { ForwardEvent } from '../../../portwrap/index.ts';

const texts = {
  died: 'the forwarder of the server died; the server has no route until another one has its host port',
  reattached: 'the forwarder of the server died; another one has taken its place',
  retrying: 'the forwarder of the server died and could not be attached again; trying once more',
  lost: 'the forwarder of the server died and could not be attached again; the server is stopped',
} as const;

/** `log` says which server it is. */
export function logForward(log: Logger, { kind, error }: ForwardEvent): void {
  if (kind === 'died') {
    log.info({ forwarder: kind }, texts[kind]);
    return;
  }
  if (error === undefined) {
    log.warn({ forwarder: kind }, texts[kind]);
    return;
  }
  const { code, message, hint } = toPortwrapError(error);
  const entry = { forwarder: kind, code, reason: message, hint, err: error };
  if (kind === 'lost') log.error(entry, texts[kind]);
  else log.warn(entry, texts[kind]);
}
