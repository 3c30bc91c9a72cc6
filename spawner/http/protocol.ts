// The version of the protocol (docs/protocol.md), and who may start servers by it. Not here: what a start holds
// (requests/start-request.ts).
import type { RequestHandler } from 'express';
import { PortwrapError } from '../../config/errors.ts';

/** Raise it when a plugin begins to send, or to need, what earlier services do not know. */
export const protocol = 1;
/** The oldest that is still understood. */
const oldest = 1;
/** The header in which a plugin says which one it speaks. */
const header = 'portwrap-protocol';

/**
 * Refuses a start with PROTOCOL_UNSUPPORTED, before its body is read. Only a start: what runs must be found and
 * stopped also by a plugin that was upgraded too early. A request without the header is assumed to be compatible.
 */
export const supportedProtocol: RequestHandler = (request, _response, next) => {
  const spoken = request.get(header);
  if (spoken === undefined) return next();
  if (!/^\d{1,4}$/.test(spoken)) throw new PortwrapError('REQUEST_INVALID', `${header}: must be a number`);
  if (Number(spoken) >= oldest && Number(spoken) <= protocol) return next();
  const [upgraded, first] = Number(spoken) > protocol ? ['service', 'newer'] : ['plugin', 'older'];
  throw new PortwrapError(
    'PROTOCOL_UNSUPPORTED',
    `the hub's plugin is ${first} than the spawner service: it speaks protocol ${spoken}, the service ${range()}`,
    { hint: `An administrator must upgrade the ${upgraded}. Servers that run are not affected.` },
  );
};

function range(): string {
  return oldest === protocol ? `${protocol}` : `${oldest} to ${protocol}`;
}
