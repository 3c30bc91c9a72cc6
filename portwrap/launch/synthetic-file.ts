// A file that exists only in the sandbox, readable only for its user: its content may be secret.
// Not here: the list of them (file-view.ts), copying them into the sandbox (build.ts).

export interface SyntheticFile {
  readonly path: string;
  readonly content: string;
}
