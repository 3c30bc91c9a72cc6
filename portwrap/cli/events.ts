// Reports the events of the foreground command on standard error: as sentences, as JSON lines, or not at all.
// Not here: the events (run.ts).

export type CliEvent =
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
  | { readonly event: 'warning'; readonly message: string }
  | { readonly event: 'forwarder' | 'uplink'; readonly what: string; readonly message?: string }
  | {
      readonly event: 'ended';
      readonly code: number | null;
      readonly signal: string | null;
      readonly outOfMemory: boolean;
    };

export interface EventReporterOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Events that are also reported without --verbose. */
  readonly always: readonly CliEvent['event'][];
  readonly write: (text: string) => void;
}

/** Returns the function that reports events, each with the milliseconds since this call. */
export function createEventReporter(options: EventReporterOptions): (event: CliEvent) => void {
  const began = performance.now();
  return (event) => {
    const milliseconds = Math.round(performance.now() - began);
    if (options.json) options.write(`${JSON.stringify({ ...event, milliseconds })}\n`);
    else if (options.verbose || options.always.includes(event.event)) {
      const took = options.verbose ? ` (${milliseconds} ms)` : '';
      options.write(`portwrap: ${sentence(event)}${took}\n`);
    }
  };
}

function sentence(event: CliEvent): string {
  switch (event.event) {
    case 'forwarding':
      return `${event.url} is forwarded to port ${event.guestPort} of the sandbox (pid ${event.pid})`;
    case 'ready':
      return `${event.url} responds`;
    case 'unready':
      return `${event.url} did not respond within ${event.seconds} s: ${event.message}`;
    case 'warning':
      return event.message;
    case 'forwarder':
    case 'uplink':
      return `the ${event.event} ended: ${event.what}${event.message === undefined ? '' : ` (${event.message})`}`;
    case 'ended':
      if (event.outOfMemory)
        return `the command ran out of memory: the kernel killed a process; the command exited with ${event.code}`;
      return event.signal === null
        ? `the command exited with ${event.code}`
        : `the command was terminated by ${event.signal}`;
  }
}
