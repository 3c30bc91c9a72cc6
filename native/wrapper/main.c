/* portwrap-wrapper: what the launcher of a sandbox starts outside of it, before bubblewrap. It does in one program what
 * portwrap/launch/wrapper/script.ts does with several: mounts of its own, FIFOs, terminals, temporary files of a
 * bounded size, a loader of the network policy or a guard; then it executes the command. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "guard.h"
#include "image.h"
#include "loader.h"
#include "mounts.h"
#include "options.h"

const char program_name[] = "portwrap-wrapper";

/* Only this account can open it. For reading and writing, because opening then does not block. */
static void make_fifo(const struct fifo *fifo)
{
  mode_t mask = umask(077);
  if (mkfifo(fifo->path, 0600) != 0)
    fail_errno("%s cannot be made", fifo->path);
  umask(mask);
  if (fifo->held < 0)
    return;
  int opened = open(fifo->path, O_RDWR);
  if (opened < 0 || dup2(opened, fifo->held) < 0)
    fail_errno("%s cannot be opened", fifo->path);
  if (opened != fifo->held)
    close(opened);
}

/* When the caller has ended, the parent of the command is init, and the command survives the launcher. */
static void leave_caller(void)
{
  pid_t command = fork();
  if (command < 0)
    fail_errno("fork");
  if (command > 0)
    _exit(0);
  setsid();
}

/* The message for the launcher: all is there, or what could not be mounted. */
static const char *prepare_mounts(const struct options *options)
{
  if (!replace_terminals(options->terminals, options->terminal_count))
    return "x";
  if (options->image.file != NULL && !mount_image(&options->image))
    return "i";
  return "f";
}

int main(int argc, char **argv)
{
  static struct options options;
  options = parse_options(argc, argv);
  enter_own_mounts(options.own_users);
  for (unsigned index = 0; index < options.fifo_count; index += 1)
    make_fifo(&options.fifos[index]);
  if (options.loader.policy >= 0)
    start_loader(&options);
  if (options.guard >= 0) {
    start_guard(&options);
    close(options.guard);
  }
  const char *report = prepare_mounts(&options);
  if (write(options.launcher, report, 1) != 1)
    fail_errno("the launcher cannot be told");
  if (options.loader.policy >= 0)
    close(options.loader.policy);
  if (options.launcher_again >= 0 && dup2(options.launcher, options.launcher_again) < 0)
    fail_errno("dup2");
  if (options.detached)
    leave_caller();
  for (unsigned index = 0; index < options.signal_count; index += 1)
    signal(options.signals[index], SIG_IGN);
  execv(options.command[0], options.command);
  fail_errno("%s", options.command[0]);
}
