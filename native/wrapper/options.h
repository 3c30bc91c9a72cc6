/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "image.h"

enum { MOST_FIFOS = 8, MOST_SETTINGS = 8, MOST_MOUNTS = 256, MOST_SIGNALS = 32 };

/* A FIFO; `held` is the descriptor at which it stays open for reading and writing, -1: it is only made. */
struct fifo {
  const char *path;
  int held;
};

struct setting {
  const char *path;
  const char *value;
};

/* What replaces a terminal of the machine; without a source, a new instance of devpts. */
struct terminal {
  const char *source;
  const char *target;
};

/* Loads the rules of the network policy from outside, when it is told for which process. */
struct loader {
  /* The launcher's socket; -1: there is no loader. */
  int policy;
  const char *nft;
  /* The file for the messages of nft. */
  const char *log;
};

struct options {
  /* In a user namespace of its own, whose root is the caller. */
  bool own_users;
  struct fifo fifos[MOST_FIFOS];
  unsigned fifo_count;
  /* The descriptor of the life FIFO. */
  int life;
  struct loader loader;
  /* The launcher's socket to the guard; -1: there is none. */
  int guard;
  /* Below /proc/sys, of the network of the sandbox. */
  struct setting settings[MOST_SETTINGS];
  unsigned setting_count;
  struct terminal terminals[MOST_MOUNTS];
  unsigned terminal_count;
  /* Without a file: there is none. */
  struct image image;
  /* The launcher's socket for the two messages. */
  int launcher;
  /* The number by which the command has the launcher's socket once more; -1: none. */
  int launcher_again;
  /* Which the command ignores. */
  int signals[MOST_SIGNALS];
  unsigned signal_count;
  /* The command is no child of the caller, and has a session of its own. */
  bool detached;
  char **command;
};

/* Ends the program with a message when the words cannot be understood. */
struct options parse_options(int argc, char **argv);

#endif
