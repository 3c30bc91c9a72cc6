// How a payload can be forked instead of started: part of the specification of a sandbox (launch/spec.ts).
// Not here: the fork server that does it (fork-server.ts), asking it (fork.ts).

export interface PreloadRequest {
  /** The unix socket of a fork server that has imported the modules of the command. */
  readonly socket: string;
  /** portwrap-init, process 1 of the sandbox. */
  readonly init: string;
  /** The command as the kernel would run it (python-script.ts), and the index of the script in it. */
  readonly argv: readonly string[];
  readonly script: number;
  /** Called with a sentence when the payload is started as a command after all. */
  readonly notUsed: (reason: string) => void;
}
