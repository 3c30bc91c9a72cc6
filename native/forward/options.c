#define _GNU_SOURCE
#include "options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static const char usage[] =
    "usage: portwrap-forward --sandbox PID [--account UID GID] [--low-ports]\n"
    "         [--bind ADDRESS PORT[,PORT...] | --bind-in FD] [--inside ADDRESS PORT]...\n"
    "         [--route ADDRESS PORT ADDRESS PORT]... [--ready FD] [--alive FD] [--until FD] [--messages FD]\n"
    "  --account   root becomes that user, without groups and capabilities\n"
    "  --low-ports before that root may bind ports that are reserved for it\n"
    "  --bind      listens on this host, on the first of these ports that is free\n"
    "  --bind-in   listens on the unix socket \"socket\" that it makes in this open directory\n"
    "  --inside    where its connections lead in the sandbox's network; several are tried in this order\n"
    "  --route     listens on the first address in the sandbox's network, and leads to the second on this host\n"
    "  --ready     gets \"PORT PID...\" when everything listens\n"
    "  --alive     stays open until the last process has ended\n"
    "  --until     ends the program at its end of file\n"
    "  --messages  gets the messages after that\n"
    "portwrap(1) starts it. It ends when the process PID ends.\n";

/* The words that are still to be read. */
struct words {
  char **next;
  char **end;
};

static const char *word(struct words *words, const char *option)
{
  if (words->next == words->end)
    fail("a word is missing after %s\n%s", option, usage);
  return *words->next++;
}

static long number(const char *text, long low, long high)
{
  char *rest = NULL;
  long value = strtol(text, &rest, 10);
  if (rest == text || *rest != '\0' || value < low || value > high)
    fail("\"%s\" is no number from %ld to %ld", text, low, high);
  return value;
}

static uint16_t port_number(const char *text)
{
  return (uint16_t)number(text, 1, 65535);
}

static int descriptor(const char *text)
{
  return (int)number(text, 0, 255);
}

static void address_and_port(struct targets *targets, struct words *words, const char *option)
{
  const char *address = word(words, option);
  uint16_t port = port_number(word(words, option));
  if (!add_target(targets, address, port))
    fail("\"%s\" after %s is no IP address, or one too many", address, option);
}

static void become_account(struct options *options, struct words *words)
{
  options->has_account = true;
  options->uid = (uid_t)number(word(words, "--account"), 0, UINT32_MAX - 1L);
  options->gid = (gid_t)number(word(words, "--account"), 0, UINT32_MAX - 1L);
}

static void bind_to(struct options *options, struct words *words)
{
  struct targets one = {0};
  const char *address = word(words, "--bind");
  if (!add_target(&one, address, 0))
    fail("\"%s\" is no IP address", address);
  options->bind_address = one.list[0];
  char *ports = strdup(word(words, "--bind"));
  if (ports == NULL)
    fail("no memory is left");
  for (char *port = strtok(ports, ","); port != NULL; port = strtok(NULL, ",")) {
    if (options->port_count == MOST_PORTS)
      fail("more than %d ports", MOST_PORTS);
    options->ports[options->port_count++] = port_number(port);
  }
  free(ports);
}

static void add_route(struct options *options, struct words *words)
{
  if (options->route_count == MOST_ROUTES)
    fail("more than %d routes", MOST_ROUTES);
  struct route *route = &options->routes[options->route_count++];
  struct targets listener = {0};
  address_and_port(&listener, words, "--route");
  route->listener = listener.list[0];
  address_and_port(&route->targets, words, "--route");
}

static void parse_option(struct options *options, const char *name, struct words *words)
{
  if (strcmp(name, "--sandbox") == 0)
    options->sandbox = (pid_t)number(word(words, name), 1, 1L << 30);
  else if (strcmp(name, "--ready") == 0)
    options->ready = descriptor(word(words, name));
  else if (strcmp(name, "--alive") == 0)
    options->alive = descriptor(word(words, name));
  else if (strcmp(name, "--until") == 0)
    options->until = descriptor(word(words, name));
  else if (strcmp(name, "--bind-in") == 0)
    options->socket_directory = descriptor(word(words, name));
  else if (strcmp(name, "--messages") == 0)
    options->messages = descriptor(word(words, name));
  else if (strcmp(name, "--account") == 0)
    become_account(options, words);
  else if (strcmp(name, "--low-ports") == 0)
    options->low_ports = true;
  else if (strcmp(name, "--bind") == 0)
    bind_to(options, words);
  else if (strcmp(name, "--inside") == 0)
    address_and_port(&options->inside, words, name);
  else if (strcmp(name, "--route") == 0)
    add_route(options, words);
  else
    fail("\"%s\" is no option\n%s", name, usage);
}

struct options parse_options(int argc, char **argv)
{
  struct options options = {.socket_directory = -1, .ready = -1, .alive = -1, .until = -1, .messages = -1};
  struct words words = {.next = argv + 1, .end = argv + argc};
  if (argc == 2 && strcmp(argv[1], "--help") == 0) {
    fputs(usage, stdout);
    exit(0);
  }
  while (words.next != words.end) {
    const char *name = *words.next++;
    parse_option(&options, name, &words);
  }
  if (options.sandbox == 0)
    fail("--sandbox is missing\n%s", usage);
  if (options.port_count > 0 && options.socket_directory >= 0)
    fail("--bind and --bind-in exclude each other");
  if ((options.port_count > 0 || options.socket_directory >= 0) != (options.inside.count > 0))
    fail("--inside needs --bind or --bind-in, and they need it");
  return options;
}
