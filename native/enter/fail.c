#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "messages.h"

static int control = -1;
static int outside = -1;

void report_to_launcher(int descriptor)
{
  control = descriptor;
}

void report_to_outside(int socket)
{
  outside = socket;
}

static _Noreturn void report(enum failure failure, const char *text)
{
  if (outside >= 0) {
    struct message message = {.kind = REFUSED, .value = (int)failure};
    snprintf(message.text, sizeof message.text, "%s", text);
    send_message(outside, &message, -1);
  } else {
    char line[512];
    int length = snprintf(line, sizeof line, "error %c %s\n", failure, text);
    if (length > 0 && write(control, line, (size_t)length) < 0)
      _exit(FAILED_EXIT); /* nobody is left to be told */
  }
  _exit(FAILED_EXIT);
}

void fail(enum failure failure, const char *format, ...)
{
  char text[256];
  va_list words;
  va_start(words, format);
  vsnprintf(text, sizeof text, format, words);
  va_end(words);
  report(failure, text);
}

void fail_errno(const char *format, ...)
{
  const char *reason = strerror(errno);
  char text[256];
  va_list words;
  va_start(words, format);
  vsnprintf(text, sizeof text, format, words);
  va_end(words);
  size_t length = strlen(text);
  snprintf(text + length, sizeof text - length, ": %s", reason);
  report(FAILED, text);
}
