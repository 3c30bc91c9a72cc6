#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int output = STDERR_FILENO;

/* One write(2) for a line, since several processes may share the file. A line has room for a path. */
static void say(const char *format, va_list words, const char *reason)
{
  char line[8192];
  const size_t most = sizeof line - 1; /* with the newline in the place of the last byte */
  snprintf(line, most, "%s: ", program_name);
  size_t length = strlen(line);
  vsnprintf(line + length, most - length, format, words);
  length = strlen(line);
  if (reason != NULL)
    snprintf(line + length, most - length, ": %s", reason);
  length = strlen(line);
  line[length++] = '\n';
  if (write(output, line, length) < 0)
    return; /* nobody is left to be told */
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

void send_messages_to(int fd)
{
  if (fd >= 0)
    output = fd;
}

void warn(const char *format, ...)
{
  va_list words;
  va_start(words, format);
  say(format, words, NULL);
  va_end(words);
}

void warn_errno(const char *format, ...)
{
  const char *reason = strerror(errno);
  va_list words;
  va_start(words, format);
  say(format, words, reason);
  va_end(words);
}
