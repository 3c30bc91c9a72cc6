/* Takes from this process what it does not need: capabilities, new privileges, debuggers, and every system call that
 * opens a file, starts a program or changes what it is. */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/* From root to that user and that group alone, with none of root's capabilities; `low_ports`: but the one to bind ports
 * that are reserved for root, until drop_privileges(). */
void become(uid_t uid, gid_t gid, bool low_ports);

/* What a process does: the worker moves bytes; the keeper starts workers. */
enum role { WORKER, KEEPER };

/* No capabilities over the host, and no way to gain any: before anything is done that does not need them. */
void drop_privileges(void);

/* Refuses (EPERM) all system calls that the role does not need. */
void filter_system_calls(enum role role);

#endif
