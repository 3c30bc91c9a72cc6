#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *format, va_list words, const char *reason)
{
  fputs("portwrap-wrapper: ", stderr);
  vfprintf(stderr, format, words);
  if (reason != NULL)
    fprintf(stderr, ": %s", reason);
  fputc('\n', stderr);
}

void fail(const char *format, ...)
{
  va_list words;
  va_start(words, format);
  say(format, words, NULL);
  _exit(1);
}

void fail_errno(const char *format, ...)
{
  const char *reason = strerror(errno);
  va_list words;
  va_start(words, format);
  say(format, words, reason);
  _exit(1);
}

void warn_errno(const char *format, ...)
{
  const char *reason = strerror(errno);
  va_list words;
  va_start(words, format);
  say(format, words, reason);
  va_end(words);
}
