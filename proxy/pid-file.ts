// The file of --pid-file. Not here: removing it (main.ts).

import { writeFile } from 'node:fs/promises';
import { PortwrapError } from '../config/errors.ts';
import type { Logger } from '../config/logger.ts';
import { errorText } from '../config/system/error-text.ts';
import { isOutage } from '../config/system/outage.ts';

/** Throws CONFIG_UNREADABLE for a path that can never be written; a full disk is only logged. */
export async function writePidFile(path: string, log: Logger): Promise<void> {
  try {
    await writeFile(path, `${process.pid}`);
  } catch (error) {
    const message = `cannot write --pid-file ${path}: ${errorText(error)}`;
    if (!isOutage(error)) throw new PortwrapError('CONFIG_UNREADABLE', message, { cause: error });
    log.error(message);
  }
}
