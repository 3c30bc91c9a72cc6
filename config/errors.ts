// The error catalogue: the code of every user-visible failure, with its HTTP status, its exit code on a
// command line, and a hint. Codes are never renamed and never reused.
// Not here: rendering errors (spawner/http, the main.ts files).

export interface ErrorKind {
  /** HTTP status of the REST APIs. */
  readonly status: number;
  /** Exit code of our own commands. 125-127 follow env(1) and docker-run(1). */
  readonly exit: number;
  /** What the user can do. The code that throws the error may give a more specific hint. */
  readonly hint: string;
  /** What an administrator can change: in the journal and docs/errors.md, and not shown to users of a hub. */
  readonly setting?: string;
  /** The server was ended on purpose, so it did not fail. */
  readonly deliberate?: true;
  /** The start was refused for a reason that the user understands: the hub responds with this status instead of 500. */
  readonly refusal?: true;
}

export const errorCatalogue = {
  USAGE: { status: 400, exit: 2, hint: 'Run the command with --help.' },
  INTERNAL: { status: 500, exit: 70, hint: 'This is a defect: please report it with the log.' },

  CONFIG_INVALID: { status: 500, exit: 78, hint: 'hub-config.example.yaml documents every key.' },
  CONFIG_UNREADABLE: { status: 500, exit: 78, hint: 'Check the path and its permissions.' },
  TLS_INVALID: {
    status: 500,
    exit: 78,
    hint: 'Give the private key, and its certificate followed by the chain, as PEM.',
  },
  LISTEN_FAILED: {
    status: 500,
    exit: 98,
    hint: 'Choose another address, or stop the program that listens on it.',
  },

  REQUEST_INVALID: { status: 400, exit: 64, hint: 'See docs/protocol.md.', refusal: true },
  REQUEST_TOO_LARGE: { status: 413, exit: 64, hint: 'See the limits in docs/protocol.md.', refusal: true },
  PROTOCOL_UNSUPPORTED: {
    status: 400,
    exit: 64,
    hint: "Upgrade the service or the hub's plugin, whichever is older; if both, the service first.",
  },
  UNAUTHORIZED: { status: 401, exit: 77, hint: 'Send the token as "Authorization: token ...".' },
  NOT_FOUND: { status: 404, exit: 64, hint: 'See docs/protocol.md for the valid paths.' },
  METHOD_NOT_ALLOWED: { status: 405, exit: 64, hint: 'See docs/protocol.md.' },
  STARTING_UP: { status: 503, exit: 75, hint: 'The service is reading its records; try again shortly.' },

  SERVER_UNKNOWN: { status: 404, exit: 66, hint: 'The service keeps no record of this server.' },
  SPAWN_CONFLICT: {
    status: 409,
    exit: 75,
    hint: 'Stop the server first, or wait until it has stopped.',
    refusal: true,
  },
  SPAWN_CANCELLED: {
    status: 409,
    exit: 75,
    hint: 'The server was stopped before it was ready.',
    deliberate: true,
    refusal: true,
  },
  PROFILE_UNKNOWN: {
    status: 400,
    exit: 64,
    hint: 'Choose a profile that is offered to this user.',
    refusal: true,
  },
  OPTION_INVALID: { status: 400, exit: 64, hint: 'Choose another value.', refusal: true },
  TLS_UNSUPPORTED: {
    status: 400,
    exit: 64,
    hint: 'Choose a profile with the launcher "local"; an administrator can turn internal_ssl off.',
  },
  LIMIT_REACHED: {
    status: 429,
    exit: 75,
    hint: 'Stop a server, or try again later.',
    setting: '"limits", and "max_servers" of the profile.',
    refusal: true,
  },
  USER_REFUSED: {
    status: 403,
    exit: 77,
    hint: 'Ask an administrator for access.',
    setting: '"accounts" sets which accounts may run servers.',
    refusal: true,
  },
  PORTS_EXHAUSTED: {
    status: 503,
    exit: 75,
    hint: 'Try again when other servers have stopped.',
    setting: '"ports.range".',
    refusal: true,
  },
  HOOK_FAILED: {
    status: 503,
    exit: 70,
    hint: 'The last lines of its log say why; ask an administrator.',
    setting: '"hooks" of the profile.',
    refusal: true,
  },
  SERVER_DIED: { status: 502, exit: 70, hint: 'The last lines of its log say why.' },
  SERVER_NOT_READY: {
    status: 504,
    exit: 70,
    hint: 'It must listen at the guest port, with the forwarder slirp4netns on 0.0.0.0.',
    setting: '"ready_timeout" of the profile sets how long the service waits.',
  },
  IDLE_CULLED: {
    status: 410,
    exit: 75,
    hint: 'Start it again.',
    setting: '"culling.idle_timeout" of the profile sets how long a server may be idle.',
    deliberate: true,
  },
  MAX_AGE_REACHED: {
    status: 410,
    exit: 75,
    hint: 'Start it again.',
    setting: '"culling.max_age" of the profile sets how long a server may run.',
    deliberate: true,
  },
  HUB_FORGOT: {
    status: 410,
    exit: 75,
    hint: 'Start it again at the hub.',
    setting: '"reaper" of the hub: two comparisons in a row did not list the server.',
    deliberate: true,
  },
  MAINTENANCE: {
    status: 503,
    exit: 75,
    hint: 'Try again when the maintenance is over.',
    setting: '"portwrap-spawner maintenance status" says what is planned, "off" ends it.',
    deliberate: true,
    refusal: true,
  },
  SERVER_STOPPED: { status: 410, exit: 75, hint: 'Start it again at the hub.', deliberate: true },
  STORAGE_FAILED: {
    status: 507,
    exit: 74,
    hint: 'Check the free space and the permissions of "service.state_dir".',
  },
  TERMINALS_UNAVAILABLE: {
    status: 500,
    exit: 71,
    hint: 'Make the directory again: mkdir /dev/pts.',
  },
  RESOURCES_EXHAUSTED: {
    status: 503,
    exit: 71,
    hint: 'The service has no free file descriptor or process: raise LimitNOFILE and TasksMax, or stop servers.',
  },
  SERVICE_UNREACHABLE: {
    status: 502,
    exit: 69,
    hint: 'Check that the service runs and that --config names its configuration file.',
  },
  SETUP_REFUSED: { status: 500, exit: 77, hint: 'See docs/install.md.' },
  SETUP_FAILED: { status: 500, exit: 70, hint: 'See the message; "setup --undo" takes back what was done.' },
  MIGRATE_FAILED: {
    status: 500,
    exit: 78,
    hint: 'See docs/migrating.md; --hub-python names the Python that runs the hub.',
  },
  SMOKE_FAILED: { status: 502, exit: 70, hint: 'See the message and the log of the service for the cause.' },

  JOB_REFUSED: {
    status: 422,
    exit: 70,
    hint: 'The message is from sbatch. Check "slurm" of the profile and the options that the user chose.',
  },
  SCHEDULER_UNREACHABLE: {
    status: 503,
    exit: 75,
    hint: 'Check slurmctld and munge: scontrol ping. Running servers keep running.',
  },
  JOB_NOT_STARTED: {
    status: 504,
    exit: 75,
    hint: 'The cluster is busy or lacks the requested resources; see the reason from Slurm.',
  },
  JOB_FAILED: {
    status: 502,
    exit: 70,
    hint: 'Run portwrap-spawner doctor --launcher slurm, which tries a job on a node.',
  },
  JOB_CANCELLED: { status: 409, exit: 75, hint: 'Start the server again.' },
  JOB_TIME_LIMIT: {
    status: 409,
    exit: 75,
    hint: 'Start the server again, with a longer time if the profile offers it.',
  },
  JOB_OUT_OF_MEMORY: {
    status: 409,
    exit: 71,
    hint: 'Start the server again, with more memory if the profile offers it.',
  },
  JOB_NODE_FAILED: {
    status: 502,
    exit: 71,
    hint: 'Start the server again: Slurm avoids a node that is down.',
  },
  JOB_PREEMPTED: {
    status: 409,
    exit: 75,
    hint: 'Start the server again, or choose another partition or QOS.',
  },
  JOB_REQUEUED: {
    status: 409,
    exit: 75,
    hint: 'The requeued job lost the state of the server, so it was ended. Start it again.',
  },
  JOB_GONE: {
    status: 502,
    exit: 70,
    hint: 'See the log of slurmctld, or sacct if the cluster has accounting.',
  },
  NODE_UNREACHABLE: {
    status: 502,
    exit: 70,
    hint: 'A firewall blocks connections from the service to the node, or "slurm.host_interface" names the wrong network.',
  },
  HUB_UNREACHABLE: {
    status: 502,
    exit: 69,
    hint: 'Check that the hub runs and that its "api_url" is right, or with internal_ssl its "public_api_url"; then load the page again.',
  },
  SIGN_IN_FAILED: {
    status: 502,
    exit: 69,
    hint: 'The token of "admin_page" must be the api_token of the service in c.JupyterHub.services of the hub.',
  },
  SIGN_IN_EXPIRED: { status: 400, exit: 77, hint: 'Open the page again; the browser must accept cookies.' },
  COOKIE_AMBIGUOUS: {
    status: 400,
    exit: 77,
    hint: "Delete the cookies of the hub's site in the browser, then open the page again.",
  },
  SIGNED_OUT: { status: 401, exit: 77, hint: 'Load the page again to sign in.' },
  PAGE_REFUSED: {
    status: 403,
    exit: 77,
    hint: 'The hub\'s administrator grants access with the scope "access:services!service=NAME".',
  },
  FORM_REFUSED: { status: 403, exit: 77, hint: 'Load the page again and press the button there.' },
  FETCH_REFUSED: { status: 403, exit: 77, hint: 'Open the page by its address in the browser.' },
  PORT_REFUSED: {
    status: 403,
    exit: 77,
    hint: 'The user of a server, whoever the hub lets use it ("access:servers"), and those with whom a port is shared can open it.',
  },
  SHARE_REFUSED: {
    status: 403,
    exit: 77,
    hint: 'Share a port of a running server with those whom the administrator allows, for a shorter time.',
    setting: 'port_sharing of the profile says who may share with whom, and for how long.',
  },
  PORT_UNANSWERED: {
    status: 502,
    exit: 69,
    hint: 'Start a program in the server that listens on this port and speaks HTTP, then load the page again.',
  },

  PORT_TAKEN: {
    status: 409,
    exit: 98,
    hint: 'Choose another host port, or stop the program that listens on it.',
  },
  PORT_RESERVED: {
    status: 403,
    exit: 77,
    hint: 'Choose a port from 1024 on (sysctl net.ipv4.ip_unprivileged_port_start), or run it as root with --user.',
  },
  TOOL_MISSING: { status: 500, exit: 72, hint: 'Install it with the package manager.' },
  PATH_UNAVAILABLE: {
    status: 503,
    exit: 125,
    hint: 'Check that the file system of the path is mounted and responds, and that the user may enter it.',
    refusal: true,
  },
  SANDBOX_FAILED: { status: 500, exit: 125, hint: 'See the message of bubblewrap.' },
  FORWARD_FAILED: { status: 500, exit: 125, hint: 'See the message of the forwarder.' },
  LIMITS_UNAVAILABLE: {
    status: 500,
    exit: 125,
    hint: 'Run the launcher where it can use control groups, or remove the limits.',
  },
  SANDBOX_UNKNOWN: { status: 404, exit: 66, hint: 'See docs/portwrap.md, "Entering a sandbox".' },
  ENTER_FAILED: { status: 500, exit: 125, hint: 'See docs/portwrap.md, "Entering a sandbox".' },
  PORT_CLOSED: { status: 502, exit: 69, hint: 'Start the program inside that listens on it.' },
  POLICY_FAILED: {
    status: 500,
    exit: 125,
    hint: 'The network policy could not be applied, so the command was not run.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

/** Whether a server that ended with this code was ended on purpose. False for codes of other versions. */
export function isDeliberate(code: string): boolean {
  return kindOf(code)?.deliberate ?? false;
}

/** The codes of refused starts that users understand, with the status of the hub's response. */
export function refusals(): ReadonlyMap<ErrorCode, number> {
  const codes = Object.keys(errorCatalogue) as ErrorCode[];
  return new Map(
    codes.filter((code) => kindOf(code)?.refusal).map((code) => [code, errorCatalogue[code].status]),
  );
}

function kindOf(code: string): ErrorKind | undefined {
  const catalogue: Readonly<Partial<Record<string, ErrorKind>>> = errorCatalogue;
  return Object.hasOwn(catalogue, code) ? catalogue[code] : undefined;
}

export interface ErrorDetails {
  readonly hint?: string | undefined;
  /** The command that fixes the problem, if one exists; the hint describes it. */
  readonly fix?: string | undefined;
  /** The affected server, as user or user/name. */
  readonly server?: string | undefined;
  /** The last lines of a log, oldest first. */
  readonly log?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** A failure with a code from the catalogue. The message says what happened, without secrets. */
export class PortwrapError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly exit: number;
  readonly hint: string;
  readonly setting: string | undefined;
  readonly fix: string | undefined;
  readonly server: string | undefined;
  readonly log: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const kind: ErrorKind = errorCatalogue[code];
    this.name = 'PortwrapError';
    this.code = code;
    this.status = kind.status;
    this.exit = kind.exit;
    this.hint = details.hint ?? kind.hint;
    this.setting = kind.setting;
    this.fix = details.fix;
    this.server = details.server;
    this.log = details.log;
  }
}

/** System call errors that any program can get: the messages name a call and one of our paths, no secrets. */
const systemFailures: Readonly<Partial<Record<string, ErrorCode>>> = {
  ENOSPC: 'STORAGE_FAILED',
  EDQUOT: 'STORAGE_FAILED',
  EROFS: 'STORAGE_FAILED',
  EIO: 'STORAGE_FAILED',
  ESTALE: 'STORAGE_FAILED',
  EMFILE: 'RESOURCES_EXHAUSTED',
  ENFILE: 'RESOURCES_EXHAUSTED',
  EAGAIN: 'RESOURCES_EXHAUSTED',
};

/** Converts any thrown value to an error that a caller may see. Unknown values become INTERNAL without details. */
export function toPortwrapError(error: unknown): PortwrapError {
  if (error instanceof PortwrapError) return error;
  const code = systemFailures[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (code !== undefined) return new PortwrapError(code, (error as Error).message, { cause: error });
  return new PortwrapError('INTERNAL', 'an unexpected error happened', { cause: error });
}
