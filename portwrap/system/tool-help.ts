// The whole help of a program, by which we know what it can do. Line by line, because pasta of 2025 (Debian 13) ends
// without writing what is in its buffer: where it does not write to a terminal, all after 4,096 bytes is lost.
// Not here: which options are looked for (network/pasta-argv.ts, doctor/programs.ts).
import { runTool } from './child.ts';
import type { Toolbox, ToolName } from './tools.ts';

export async function helpOf(tools: Toolbox, name: ToolName): Promise<string> {
  return (await runTool(tools('stdbuf'), ['--output=L', tools(name), '--help'])).output;
}
