/* Messages of a program on standard error. portwrap-enter has its own way (native/enter/fail.h). */
#ifndef FAIL_H
#define FAIL_H

/* Each program defines it: messages begin with it. */
extern const char program_name[];

/* Ends the process with exit code 1 and a message as for printf(3). `fail_errno` adds the error of the last call. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on they are written there; -1: to standard error, as before. */
void send_messages_to(int fd);

/* Says something and goes on. `warn_errno` adds the error of the last call. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
