/* Failures before the command runs: reported to the launcher of this program, in a line on its control descriptor. */
#ifndef FAIL_H
#define FAIL_H

/* Why it failed: the sandbox has ended; nobody listens on the port; anything else. */
enum failure { GONE = 'g', NOT_OPEN = 'n', FAILED = 'f' };

/* From now on failures are reported there: to the launcher, or in a process that has entered to the process outside. */
void report_to_launcher(int control);
void report_to_outside(int socket);

/* The exit code of a process that has reported a failure. */
enum { FAILED_EXIT = 125 };

/* Reports a message as for printf(3) and ends the process. `fail_errno` adds the error of the last call. */
_Noreturn void fail(enum failure failure, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
