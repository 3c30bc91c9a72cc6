/* Ends the program with a message on standard error; exit code 1. */
#ifndef FAIL_H
#define FAIL_H

/* A message as for printf(3). `fail_errno` adds the error of the last system call. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says something and goes on. */
void warn_once(const char *text);

#endif
