// The table of forwarders and their factories. Not here: the drivers themselves.

import type { Toolbox } from '../system/tools.ts';
import type { Forwarder } from './forwarder.ts';
import { createPasta } from './pasta.ts';
import { createSlirp4netns } from './slirp4netns.ts';

const drivers = { slirp4netns: createSlirp4netns, pasta: createPasta } as const;

export type ForwarderName = keyof typeof drivers;

/** The first is the default. */
export const forwarderNames = Object.keys(drivers) as readonly ForwarderName[];

export function createForwarder(name: ForwarderName, tools: Toolbox, asRoot: boolean): Forwarder {
  return drivers[name](tools, asRoot);
}
