/* From a process of the host to one of a sandbox, with the rights of its user and none beyond. The part to review line by
 * line. Entering needs no privilege: the kernel lets a user into the namespaces that they own, and into nobody else's. */
#ifndef JOIN_H
#define JOIN_H

#include <sys/types.h>

/* A descriptor of exactly that process. `start_time` is field 22 of /proc/PID/stat. */
int open_process(pid_t pid, unsigned long long start_time);

/* Becomes "UID:GID:GROUP,...", for good and without capabilities; NULL: stays who it is. Nobody can debug it from now on. */
void become_account(const char *account);

/* Says that it is another account's; the kernel would refuse it anyway. */
void require_access(pid_t pid);

enum whole { NETWORK_ONLY, WHOLE_SANDBOX };

/* Enters the namespaces of that process which are not its own. */
void enter_namespaces(int process, pid_t pid, enum whole whole);

/* The capabilities that it got by entering, and the keys of its caller, are gone afterwards, for good. */
void give_up_privileges(void);

/* The filter of the sandbox, a BPF program, read from there. */
void filter_system_calls(int descriptor);

/* Its child is adopted by process 1 of the sandbox and returns; the calling process waits for that and ends. */
void become_child_of_init(void);

#endif
