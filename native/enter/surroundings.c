#define _GNU_SOURCE
#include "surroundings.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

enum { MOST_BYTES = 8 * 1024 * 1024 };

/* The file as a text, with its length; NULL: it cannot be read. */
static char *read_file(const char *path, size_t *length)
{
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return NULL;
  size_t room = 65536, used = 0;
  char *text = malloc(room + 1);
  ssize_t count = -1;
  while (text != NULL && (count = read(file, text + used, room - used)) > 0) {
    used += (size_t)count;
    if (used == room && room < MOST_BYTES)
      text = realloc(text, (room *= 2) + 1);
  }
  close(file);
  if (text == NULL || count < 0)
    return NULL;
  text[used] = '\0';
  if (length != NULL)
    *length = used;
  return text;
}

/* The payload is the first child of process 1; later ones were adopted. */
static pid_t payload_of(pid_t init)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)init, (int)init);
  char *text = read_file(path, NULL);
  pid_t payload = text == NULL ? 0 : (pid_t)strtol(text, NULL, 10);
  free(text);
  if (payload <= 0)
    fail(GONE, "the server in the sandbox has ended, or does not run yet");
  return payload;
}

/* Of the command's own terminal and directory. */
static bool is_own(const char *variable)
{
  static const char *const names[] = {"TERM=", "PWD=", "OLDPWD=", "COLUMNS=", "LINES=", "_="};
  for (size_t index = 0; index < sizeof names / sizeof *names; index += 1)
    if (strncmp(variable, names[index], strlen(names[index])) == 0)
      return true;
  return false;
}

struct surroundings read_surroundings(pid_t init, const char *terminal)
{
  struct surroundings found = {.shell = "/bin/sh", .umask = 022};
  pid_t payload = payload_of(init);
  char path[64];
  size_t length = 0;
  snprintf(path, sizeof path, "/proc/%d/environ", (int)payload);
  char *text = read_file(path, &length);
  if (text == NULL)
    fail_errno("the environment of the server cannot be read");
  size_t count = 0;
  for (size_t at = 0; at < length; at += strlen(text + at) + 1)
    count += 1;
  found.environment = calloc(count + 3, sizeof *found.environment);
  if (found.environment == NULL)
    fail_errno("memory");
  size_t next = 0;
  for (char *variable = text; variable < text + length; variable += strlen(variable) + 1) {
    if (strncmp(variable, "PWD=", 4) == 0)
      found.directory = variable + 4;
    if (strncmp(variable, "SHELL=/", 7) == 0)
      found.shell = variable + 6;
    if (!is_own(variable) && strchr(variable, '=') != NULL)
      found.environment[next++] = variable;
  }
  char *term = NULL;
  if (terminal != NULL && asprintf(&term, "TERM=%s", terminal) > 0)
    found.environment[next++] = term;
  snprintf(path, sizeof path, "/proc/%d/status", (int)payload);
  char *status = read_file(path, NULL);
  const char *mask = status == NULL ? NULL : strstr(status, "\nUmask:\t");
  if (mask != NULL)
    found.umask = (mode_t)strtoul(mask + strlen("\nUmask:\t"), NULL, 8);
  free(status);
  for (int kind = 0; kind < RLIM_NLIMITS; kind += 1)
    if (prlimit(payload, (enum __rlimit_resource)kind, NULL, &found.limits[kind]) != 0)
      fail_errno("the limits of the server cannot be read");
  return found;
}

static rlim_t less(rlim_t one, rlim_t other)
{
  return one < other ? one : other; /* RLIM_INFINITY is the greatest */
}

static void change_directory(const struct surroundings *surroundings)
{
  const char *home = NULL;
  for (char **variable = surroundings->environment; *variable != NULL; variable += 1)
    if (strncmp(*variable, "HOME=", 5) == 0)
      home = *variable + 5;
  const char *wanted[] = {surroundings->directory, home, "/"};
  size_t place = 0;
  while (wanted[place] == NULL || (chdir(wanted[place]) != 0 && place < 2))
    place += 1;
  if (place > 0 && wanted[0] != NULL)
    dprintf(STDERR_FILENO, "portwrap: %s cannot be entered; the command runs in %s\n", wanted[0], wanted[place]);
  char *present = NULL;
  if (asprintf(&present, "PWD=%s", wanted[place]) < 0)
    return;
  char **end = surroundings->environment;
  while (*end != NULL)
    end += 1;
  *end = present; /* there is room for it */
}

void take_surroundings(const struct surroundings *surroundings)
{
  for (int kind = 0; kind < RLIM_NLIMITS; kind += 1) {
    struct rlimit limit;
    if (getrlimit((enum __rlimit_resource)kind, &limit) != 0)
      continue;
    /* an ordinary user cannot raise the hard one */
    limit.rlim_max = less(limit.rlim_max, surroundings->limits[kind].rlim_max);
    limit.rlim_cur = less(limit.rlim_max, surroundings->limits[kind].rlim_cur);
    if (setrlimit((enum __rlimit_resource)kind, &limit) != 0)
      _exit(FAILED_EXIT);
  }
  umask(surroundings->umask);
  change_directory(surroundings);
}
