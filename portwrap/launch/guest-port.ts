// The command of a payload: the one template it may hold. Not here: where a command comes from.

/** Replaces every `{guest-port}` in the arguments. */
export function substituteGuestPort(command: readonly string[], guestPort: number): string[] {
  return command.map((argument) => argument.replaceAll('{guest-port}', String(guestPort)));
}
