#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *format, va_list words, const char *reason)
{
  fputs("portwrap-forward: ", stderr);
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
  exit(1);
}

void fail_errno(const char *format, ...)
{
  const char *reason = strerror(errno);
  va_list words;
  va_start(words, format);
  say(format, words, reason);
  exit(1);
}

void warn_once(const char *text)
{
  static const char *last;
  if (last == text)
    return;
  last = text;
  fprintf(stderr, "portwrap-forward: %s\n", text);
}
