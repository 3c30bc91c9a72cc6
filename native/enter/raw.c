#define _GNU_SOURCE
#include "raw.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

static int changed = -1;
static struct termios before;

int find_terminal(void)
{
  static const int order[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};
  for (int index = 0; index < 3; index += 1)
    if (isatty(order[index]))
      return order[index];
  return -1;
}

void copy_terminal(int terminal, int master)
{
  struct termios settings;
  if (tcgetattr(terminal, &settings) == 0)
    tcsetattr(master, TCSANOW, &settings);
}

void make_raw(int terminal)
{
  struct termios settings;
  if (tcgetattr(terminal, &settings) != 0)
    return;
  if (changed < 0)
    before = settings;
  cfmakeraw(&settings);
  if (tcsetattr(terminal, TCSADRAIN, &settings) == 0)
    changed = terminal;
}

void restore_terminal(void)
{
  if (changed < 0)
    return;
  /* also after the shell has taken the terminal back */
  sigset_t output, old;
  sigemptyset(&output);
  sigaddset(&output, SIGTTOU);
  sigprocmask(SIG_BLOCK, &output, &old);
  tcsetattr(changed, TCSADRAIN, &before);
  sigprocmask(SIG_SETMASK, &old, NULL);
  changed = -1;
}
