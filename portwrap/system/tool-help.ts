// The complete help of a program, from which its features are detected. Read with line buffering, because pasta of 2025
// (Debian 13) exits without flushing its buffer: when standard output is no terminal, all after 4,096 bytes is lost.
// Not here: the options to detect (network/pasta-argv.ts, doctor/programs.ts).
import { runTool } from './child.ts';
import type { Toolbox, ToolName } from './tools.ts';

export async function helpOf(tools: Toolbox, name: ToolName): Promise<string> {
  return (await runTool(tools('stdbuf'), ['--output=L', tools(name), '--help'])).output;
}
