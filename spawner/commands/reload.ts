// `portwrap-spawner reload`: has the service reload its configuration, or prints why it refuses.
import { connectAdmin } from './admin.ts';
import type { Command } from './arguments.ts';

export const run: Command = async (input) => {
  const outcome = await connectAdmin(input).client.reload();
  if (input.options.json) {
    input.print(`${JSON.stringify(outcome)}\n`);
    return 0;
  }
  const { changed, needRestart } = outcome;
  input.print(changed.length === 0 ? 'nothing has changed\n' : `in force now: ${changed.join(', ')}\n`);
  if (needRestart.length > 0) input.print(`needs a restart: ${needRestart.join(', ')}\n`);
  return 0;
};
