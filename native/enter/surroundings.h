/* What the payload of a sandbox was started with, for a command that is started beside it: environment, working directory,
 * file mode mask, limits of the process. Read as its user, from /proc. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include <sys/resource.h>
#include <sys/types.h>

struct surroundings {
  char **environment;
  const char *directory; /* NULL: not known */
  const char *shell;
  mode_t umask;
  struct rlimit limits[RLIM_NLIMITS];
};

/* `init`: process 1 of the sandbox. `terminal`: the caller's TERM, for a command with a terminal; NULL without one. */
struct surroundings read_surroundings(pid_t init, const char *terminal);

/* Applies them to this process. */
void take_surroundings(const struct surroundings *surroundings);

#endif
