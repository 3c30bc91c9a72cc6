/* Messages on standard error. */
#ifndef FAIL_H
#define FAIL_H

/* Ends the process with exit code 1 and a message as for printf(3). `fail_errno` adds the error of the last call. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says something, adds the error of the last call, and goes on. */
void warn_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
