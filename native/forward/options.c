#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static const char usage[] =
    "usage: portwrap-forward --sandbox PID [--ready FD]\n"
    "         [--bind ADDRESS PORT[,PORT...] --inside ADDRESS PORT]... [--route ADDRESS PORT ADDRESS PORT]...\n"
    "  --bind    listens on this host, on the first of these ports that is free\n"
    "  --inside  where its connections lead in the sandbox's network; several are tried in this order\n"
    "  --route   listens on the first address in the sandbox's network, and leads to the second on this host\n"
    "portwrap(1) starts it. It ends when the process PID ends.\n";

static long number(const char *text, long low, long high)
{
  char *rest = NULL;
  long value = strtol(text, &rest, 10);
  if (rest == text || *rest != '\0' || value < low || value > high)
    fail("\"%s\" is no number from %ld to %ld", text, low, high);
  return value;
}

static struct target address_of(const char *address, const char *port)
{
  struct targets one = {0};
  if (!add_target(&one, address, (uint16_t)number(port, 1, 65535)))
    fail("\"%s\" is no IP address", address);
  return one.list[0];
}

/* The words after an option: `count` of them. */
static char **operands(int argc, char **argv, int *index, int count)
{
  if (*index + count >= argc)
    fail("%s needs %d words after it", argv[*index], count);
  char **first = &argv[*index + 1];
  *index += count;
  return first;
}

struct options parse_options(int argc, char **argv)
{
  struct options options = {.ready = -1};
  for (int index = 1; index < argc; index += 1) {
    const char *name = argv[index];
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(name, "--sandbox") == 0) {
      options.sandbox = (pid_t)number(*operands(argc, argv, &index, 1), 1, 1L << 30);
    } else if (strcmp(name, "--ready") == 0) {
      options.ready = (int)number(*operands(argc, argv, &index, 1), 0, 1L << 20);
    } else if (strcmp(name, "--bind") == 0) {
      char **words = operands(argc, argv, &index, 2);
      for (char *port = strtok(words[1], ","); port != NULL; port = strtok(NULL, ",")) {
        if (options.bind_count == MOST_PORTS)
          fail("more than %d ports", MOST_PORTS);
        options.bind_addresses[options.bind_count++] = address_of(words[0], port);
      }
    } else if (strcmp(name, "--inside") == 0) {
      char **words = operands(argc, argv, &index, 2);
      if (!add_target(&options.inside, words[0], (uint16_t)number(words[1], 1, 65535)))
        fail("\"%s\" is no IP address, or one too many", words[0]);
    } else if (strcmp(name, "--route") == 0) {
      char **words = operands(argc, argv, &index, 4);
      if (options.route_count == MOST_ROUTES)
        fail("more than %d routes", MOST_ROUTES);
      struct route *route = &options.routes[options.route_count++];
      route->listener = address_of(words[0], words[1]);
      route->targets.list[0] = address_of(words[2], words[3]);
      route->targets.count = 1;
    } else {
      fail("\"%s\" is no option\n%s", name, usage);
    }
  }
  if (options.sandbox == 0)
    fail("--sandbox is missing\n%s", usage);
  if ((options.bind_count > 0) != (options.inside.count > 0))
    fail("--bind and --inside need each other");
  return options;
}
