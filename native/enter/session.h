/* Outside of the sandbox: the command's input, output, terminal and signals, until it ends. Its descriptors are its own;
 * those of the caller never enter the sandbox. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <sys/types.h>

struct session {
  int socket;  /* to the process inside (messages.h) */
  int control; /* to the launcher: "inside PID" when the process inside waits, "go" from it, "stopped" */
  int input, output, errors; /* the other ends of the command's pipes; -1: that is on its terminal */
};

/* Returns the command's exit code, 128+n after signal n. */
int run_session(const struct session *session);

#endif
