/* Takes from this process what serving does not need: capabilities, new privileges, debuggers, and every system call
 * that opens a file, starts a program or changes a namespace. */
#ifndef CONFINE_H
#define CONFINE_H

/* Ends the program with a message when the kernel refuses. */
void confine(void);

#endif
