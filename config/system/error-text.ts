// What a thrown value says, for a log line or another error. Not here: errors with a code (../errors.ts).

/** The message of an Error, without its name and stack; anything else as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
