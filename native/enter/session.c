#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "fail.h"
#include "messages.h"
#include "raw.h"

enum { INPUT, OUTPUT, ERRORS, SCREEN, CHANNELS };
enum { FROM_INSIDE = CHANNELS, FROM_LAUNCHER, SIGNALS, EVENTS };

struct state {
  const struct session *session;
  struct channel channels[CHANNELS];
  int master;   /* of the command's terminal; -1: it has none */
  int terminal; /* of the caller, the one that the command's terminal stands for; -1 */
  bool started, suspended, ended;
  int status;
};

static void set_window_size(const struct state *state)
{
  struct winsize size;
  if (state->master >= 0 && ioctl(state->terminal, TIOCGWINSZ, &size) == 0)
    ioctl(state->master, TIOCSWINSZ, &size);
}

static void own_channel(struct channel *channel, int from, int to, bool own_from, bool own_to)
{
  channel->from = from;
  channel->to = to;
  channel->own_from = own_from;
  channel->own_to = own_to;
}

static void set_nonblocking(int descriptor)
{
  if (descriptor >= 0)
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/* The process inside waits; `master` is the command's terminal. */
static void prepare(struct state *state, int master, pid_t inside)
{
  const struct session *session = state->session;
  state->master = master;
  set_nonblocking(master);
  set_nonblocking(session->input);
  set_nonblocking(session->output);
  set_nonblocking(session->errors);
  own_channel(&state->channels[INPUT], STDIN_FILENO, session->input < 0 ? master : session->input, false,
              session->input >= 0);
  own_channel(&state->channels[OUTPUT], session->output, session->output < 0 ? -1 : STDOUT_FILENO, true, false);
  own_channel(&state->channels[ERRORS], session->errors, session->errors < 0 ? -1 : STDERR_FILENO, true, false);
  own_channel(&state->channels[SCREEN], master, master < 0 ? -1 : state->terminal, false, false);
  if (master >= 0)
    copy_terminal(state->terminal, master);
  set_window_size(state);
  dprintf(session->control, "inside %d\n", (int)inside);
}

static void start(struct state *state)
{
  struct message go = {.kind = GO};
  send_message(state->session->socket, &go, -1);
  state->started = true;
  if (state->session->input < 0)
    make_raw(STDIN_FILENO);
}

static void signal_command(const struct state *state, int signal)
{
  struct message message = {.kind = SIGNAL, .value = signal};
  send_message(state->session->socket, &message, -1);
}

/* The launcher stops the job, of which it is the process that the shell knows. */
static void suspend(struct state *state)
{
  restore_terminal();
  state->suspended = true;
  dprintf(state->session->control, "stopped\n");
}

static void resume(struct state *state)
{
  if (!state->started || state->ended)
    return;
  if (state->session->input < 0)
    make_raw(STDIN_FILENO); /* in the background the kernel stops the job once more */
  set_window_size(state);
  if (state->suspended)
    signal_command(state, SIGCONT);
  state->suspended = false;
}

static _Noreturn void end(int code)
{
  restore_terminal();
  exit(code);
}

static void receive_from_inside(struct state *state)
{
  struct message message;
  int master = -1;
  pid_t sender = -1;
  if (!receive_message(state->session->socket, &message, &master, &sender)) {
    if (!state->started)
      fail(GONE, "the sandbox has ended");
    dprintf(state->session->control, "ended\n");
    end(128 + SIGKILL); /* as the command: the sandbox has taken it along */
  }
  switch (message.kind) {
  case READY:
    prepare(state, master, sender);
    break;
  case REFUSED:
    restore_terminal();
    fail((enum failure)message.value, "%s", message.text);
  case STOPPED:
    suspend(state);
    break;
  case ENDED:
    state->status = message.value;
    state->ended = true;
    end_input(&state->channels[INPUT]);
    break;
  default:
    break;
  }
}

static void receive_signal(struct state *state, int signals)
{
  struct signalfd_siginfo signal;
  if (read(signals, &signal, sizeof signal) != (ssize_t)sizeof signal)
    return;
  int number = (int)signal.ssi_signo;
  if (number == SIGWINCH)
    set_window_size(state);
  else if (number == SIGCONT)
    resume(state);
  else if (number == SIGHUP || !state->started)
    end(128 + number); /* the process inside takes the end of its socket for a hangup */
  else if (number != SIGTSTP || !state->suspended)
    signal_command(state, number);
}

static int catch_signals(void)
{
  static const int caught[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};
  sigset_t set;
  sigemptyset(&set);
  for (size_t index = 0; index < sizeof caught / sizeof *caught; index += 1)
    sigaddset(&set, caught[index]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0)
    fail_errno("signalfd");
  return signals;
}

/* Of a command that has ended: what is in a pipe is read, and no end of file waited for, since its children may hold it. The
 * terminal was hung up, and comes to its end. */
static void drain(struct channel *channel)
{
  struct pollfd now = {.fd = channel->from, .events = POLLIN};
  if (channel->start == channel->end && !channel->ended && poll(&now, 1, 0) == 0)
    end_input(channel);
}

static bool is_done(struct state *state)
{
  if (!state->ended)
    return false;
  drain(&state->channels[OUTPUT]);
  drain(&state->channels[ERRORS]);
  return !is_open(&state->channels[OUTPUT]) && !is_open(&state->channels[ERRORS]) &&
         !is_open(&state->channels[SCREEN]);
}

/* The caller's terminal is gone. */
static bool is_hung_up(const struct state *state)
{
  const struct channel *input = &state->channels[INPUT], *screen = &state->channels[SCREEN];
  bool unread = state->session->input < 0 && input->ended && !state->ended;
  bool unseen = screen->to < 0 && screen->from < 0;
  return state->master >= 0 && state->started && (unread || unseen);
}

int run_session(const struct session *session)
{
  static struct state state;
  state.session = session;
  state.master = -1;
  state.terminal = find_terminal();
  for (int index = 0; index < CHANNELS; index += 1)
    own_channel(&state.channels[index], -1, -1, false, false);
  int signals = catch_signals();
  while (!is_done(&state)) {
    struct pollfd events[EVENTS];
    for (int index = 0; index < CHANNELS; index += 1) {
      events[index] = interest(&state.channels[index]);
      bool is_terminal = index == SCREEN || (index == INPUT && session->input < 0);
      if (!state.started || (state.suspended && is_terminal))
        events[index].fd = -1;
    }
    events[FROM_INSIDE] = (struct pollfd){.fd = state.ended ? -1 : session->socket, .events = POLLIN};
    events[FROM_LAUNCHER] = (struct pollfd){.fd = state.started ? -1 : session->control, .events = POLLIN};
    events[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(events, EVENTS, -1) < 0 && errno != EINTR)
      fail_errno("poll");
    if (events[SIGNALS].revents != 0)
      receive_signal(&state, signals);
    if (events[FROM_LAUNCHER].revents != 0) {
      char word[8];
      if (read(session->control, word, sizeof word) <= 0)
        end(FAILED_EXIT);
      start(&state);
    }
    if (events[FROM_INSIDE].revents != 0)
      receive_from_inside(&state);
    for (int index = 0; index < CHANNELS; index += 1)
      if (events[index].fd >= 0)
        advance(&state.channels[index], events[index].revents);
    if (is_hung_up(&state))
      end(128 + SIGHUP);
  }
  restore_terminal();
  return WIFSIGNALED(state.status) ? 128 + WTERMSIG(state.status) : WEXITSTATUS(state.status);
}
