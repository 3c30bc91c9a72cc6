/* Takes from this process what it does not need: capabilities, new privileges, debuggers, and every system call that
 * opens a file, starts a program or changes what it is. */
#ifndef CONFINE_H
#define CONFINE_H

/* What a process does: the worker moves bytes; the keeper starts workers. */
enum role { WORKER, KEEPER };

/* No capabilities over the host, and no way to gain any: before anything is done that does not need them. */
void drop_privileges(void);

/* Refuses (EPERM) all system calls that the role does not need. */
void filter_system_calls(enum role role);

#endif
