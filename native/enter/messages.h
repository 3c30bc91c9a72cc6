/* Messages between the process outside and the one that has entered the sandbox, over a socketpair(2) of SOCK_SEQPACKET. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stdbool.h>
#include <sys/types.h>

enum kind {
  READY,   /* from inside: it waits; with a descriptor if there is one to hand over */
  REFUSED, /* from inside: `value` is the failure, `text` says what failed */
  STOPPED, /* from inside: the command was stopped */
  ENDED,   /* from inside: `value` is the status of wait(2) */
  GO,      /* from outside: start the command */
  SIGNAL,  /* from outside: `value` is a signal for the command */
};

struct message {
  enum kind kind;
  int value;
  char text[256];
};

/* `descriptor` -1: none. False: nobody is at the other end. */
bool send_message(int socket, const struct message *message, int descriptor);

/* `descriptor`, `sender` (a pid as this process sees it) may be NULL. False: at an end of file. */
bool receive_message(int socket, struct message *message, int *descriptor, pid_t *sender);

#endif
