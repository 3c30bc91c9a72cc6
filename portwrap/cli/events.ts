// What the foreground command tells about itself on standard error: nothing, sentences, or JSON lines.
// Not here: what happens (run.ts).

export type Story =
  | {
      readonly event: 'forwarding';
      readonly url: string;
      readonly hostPort: number;
      readonly guestPort: number;
      readonly pid: number;
    }
  | { readonly event: 'ready'; readonly url: string }
  | {
      readonly event: 'unready';
      readonly url: string;
      readonly seconds: number;
      readonly message: string;
    }
  | { readonly event: 'forwarder'; readonly what: string; readonly message?: string }
  | {
      readonly event: 'ended';
      readonly code: number | null;
      readonly signal: string | null;
      readonly outOfMemory: boolean;
    };

export interface NarrateOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  /** The kinds that are told also when not asked to be verbose. */
  readonly always: readonly Story['event'][];
  readonly write: (text: string) => void;
}

/** `milliseconds` in what is told is the time since this call. */
export function createNarrator(options: NarrateOptions): (story: Story) => void {
  const began = performance.now();
  return (story) => {
    const milliseconds = Math.round(performance.now() - began);
    if (options.json) options.write(`${JSON.stringify({ ...story, milliseconds })}\n`);
    else if (options.verbose || options.always.includes(story.event)) {
      const took = options.verbose ? ` (${milliseconds} ms)` : '';
      options.write(`portwrap: ${sentence(story)}${took}\n`);
    }
  };
}

function sentence(story: Story): string {
  switch (story.event) {
    case 'forwarding':
      return `${story.url} leads to port ${story.guestPort} of the sandbox, whose first process is ${story.pid}`;
    case 'ready':
      return `${story.url} answers`;
    case 'unready':
      return `${story.url} did not answer within ${story.seconds} s: ${story.message}`;
    case 'forwarder':
      return `the forwarder ended: ${story.what}${story.message === undefined ? '' : ` (${story.message})`}`;
    case 'ended':
      if (story.outOfMemory)
        return `the command ran out of memory: the kernel killed a process of it, and it ended with ${story.code}`;
      return story.signal === null
        ? `the command ended with ${story.code}`
        : `the command was ended by ${story.signal}`;
  }
}
