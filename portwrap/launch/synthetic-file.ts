// A file that only the sandbox has, and only its user can read: what is in it may be a secret.
// Not here: which there are (file-view.ts), how they get in (build.ts).

export interface SyntheticFile {
  readonly path: string;
  readonly content: string;
}
