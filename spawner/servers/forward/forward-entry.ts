// What the journal says when the forwarder of a server has died. Not here: attaching it again (portwrap/), the route of
// the server meanwhile (servers/server-route.ts).
import { toPortwrapError } from '../../../config/errors.ts';
import type { Logger } from '../../../config/logger.ts';
import type { ForwardEvent } from '../../../portwrap/index.ts';

const texts = {
  died: 'the forwarder of the server died; removing the route until it is replaced',
  reattached: 'the forwarder of the server died and was replaced',
  retrying: 'the forwarder of the server died and could not be replaced; trying again',
  lost: 'the forwarder of the server died and could not be replaced; stopping the server',
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
