// What the journal says when the forwarder or the uplink of a server has died. Not here: attaching it again (portwrap/),
// the route of the server meanwhile (servers/server-route.ts).
import { toPortwrapError } from '../../../config/errors.ts';
import type { Logger } from '../../../config/logger.ts';
import type { NetworkEvent } from '../../../portwrap/index.ts';

const texts = {
  forwarder: {
    died: 'the forwarder of the server died; removing the route until it is replaced',
    reattached: 'the forwarder of the server died and was replaced',
    retrying: 'the forwarder of the server died and could not be replaced; trying again',
    lost: 'the forwarder of the server died and could not be replaced; stopping the server',
  },
  uplink: {
    died: 'the uplink of the server died; until it is replaced the server reaches nothing outside of its sandbox',
    reattached: 'the uplink of the server died and was replaced',
    retrying: 'the uplink of the server died and could not be replaced; trying again',
    lost: 'the uplink of the server died and could not be replaced; the server reaches nothing outside of its sandbox',
  },
} as const;

/** `log` says which server it is. */
export function logNetwork(log: Logger, { program, kind, error }: NetworkEvent): void {
  const text = texts[program][kind];
  if (kind === 'died') {
    log.info({ [program]: kind }, text);
    return;
  }
  if (error === undefined) {
    log.warn({ [program]: kind }, text);
    return;
  }
  const { code, message, hint } = toPortwrapError(error);
  const entry = { [program]: kind, code, reason: message, hint, err: error };
  if (kind === 'lost') log.error(entry, text);
  else log.warn(entry, text);
}
