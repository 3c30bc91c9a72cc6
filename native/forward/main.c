/* portwrap-forward: connections to one port of this host lead into a sandbox, and connections to a few addresses in the
 * sandbox lead to this host. It has no capabilities and opens no file once it serves. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "confine.h"
#include "fail.h"
#include "keeper.h"
#include "network/listener.h"
#include "options.h"
#include "network/routes.h"

const char program_name[] = "portwrap-forward";

/* The exit code when none of the ports could be bound. */
enum { NO_PORT = 3 };

static int bind_first(const struct options *options)
{
  for (unsigned index = 0; index < options->port_count; index += 1) {
    struct target target = with_port(options->bind_address, options->ports[index]);
    int listener = listen_on(&target);
    if (listener >= 0)
      return listener;
    if (errno != EADDRINUSE && errno != EADDRNOTAVAIL && errno != EACCES)
      fail_errno("port %u cannot be bound", options->ports[index]);
  }
  warn("none of the ports can be bound");
  _exit(NO_PORT);
}

/* The launcher executes the program by a descriptor; lists of processes shall show its name. */
static void take_name(char *path)
{
  static const char name[] = "portwrap-forward";
  prctl(PR_SET_NAME, name);
  if (strncmp(path, "/proc/self/fd/", strlen("/proc/self/fd/")) == 0 && strlen(path) == strlen(name))
    memcpy(path, name, strlen(name));
}

/* The launcher names the descriptors that it hands over. It has opened the program's file, too. */
static void close_others(const struct options *options)
{
  for (int fd = STDERR_FILENO + 1; fd < 256; fd += 1)
    if (fd != options->ready && fd != options->alive && fd != options->messages && fd != options->until &&
        fd != options->socket_directory)
      close(fd);
}

static void raise_open_files(void)
{
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

/* Not by dprintf(3), which needs lseek(2) first. */
static void report_ready(int ready, unsigned port, const struct worker *workers, unsigned count)
{
  char line[64];
  int length = snprintf(line, sizeof line, "%u", port);
  for (unsigned index = 0; index < count; index += 1)
    length += snprintf(line + length, sizeof line - (size_t)length, " %d", (int)workers[index].pid);
  line[length] = '\n';
  if (write(ready, line, (size_t)length + 1) != length + 1)
    fail_errno("the launcher cannot be told");
  close(ready);
}

int main(int argc, char **argv)
{
  static struct options options;
  options = parse_options(argc, argv);
  if (options.has_account)
    become(options.uid, options.gid, options.low_ports);
  take_name(argv[0]);
  close_others(&options);
  raise_open_files();
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") != 0)
    fail_errno("/");
  struct sandbox sandbox = open_sandbox(options.sandbox);
  static struct service in[1];
  static struct service out[MOST_ROUTES];
  struct worker workers[MOST_WORKERS];
  unsigned count = 0;
  unsigned port = 0;
  if (options.port_count > 0) {
    in[0] = (struct service){bind_first(&options), &options.inside};
    port = port_of(in[0].listener);
    workers[count++] = (struct worker){.services = in, .count = 1, .inside = true};
  }
  if (options.socket_directory >= 0) {
    in[0] = (struct service){listen_in(options.socket_directory), &options.inside};
    if (in[0].listener < 0)
      fail_errno("the socket cannot be bound");
    close(options.socket_directory);
    workers[count++] = (struct worker){.services = in, .count = 1, .inside = true};
  }
  drop_privileges();
  if (options.route_count > 0) {
    open_routes(&sandbox, options.routes, options.route_count, out);
    workers[count++] = (struct worker){.services = out, .count = options.route_count};
  }
  unsigned most = most_connections();
  filter_system_calls(KEEPER);
  for (unsigned index = 0; index < count; index += 1) {
    workers[index].most = most;
    workers[index].alive = options.alive;
    workers[index].messages = options.messages;
    if (!start_worker(&workers[index], &sandbox))
      fail("the sandbox's network cannot be served");
  }
  send_messages_to(options.messages);
  if (options.ready >= 0)
    report_ready(options.ready, port, workers, count);
  keep(workers, count, &sandbox, options.until);
  return 0;
}
