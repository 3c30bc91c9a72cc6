#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "fail.h"

/* The words that are still to be read; the last one is NULL. */
struct words {
  char **next;
};

static char *word(struct words *words, const char *option)
{
  if (*words->next == NULL)
    fail("a word is missing after %s", option);
  return *words->next++;
}

static int number(struct words *words, const char *option)
{
  const char *text = word(words, option);
  char *rest = NULL;
  long value = strtol(text, &rest, 10);
  if (rest == text || *rest != '\0' || value < 0 || value > 255)
    fail("\"%s\" after %s is no number from 0 to 255", text, option);
  return (int)value;
}

/* The index of one more. */
static unsigned more(unsigned *count, unsigned most, const char *option)
{
  if (*count == most)
    fail("more than %u times %s", most, option);
  return (*count)++;
}

static void parse_option(struct options *options, const char *name, struct words *words)
{
  if (strcmp(name, "--own-users") == 0) {
    options->own_users = true;
  } else if (strcmp(name, "--fifo") == 0) {
    struct fifo *fifo = &options->fifos[more(&options->fifo_count, MOST_FIFOS, name)];
    *fifo = (struct fifo){.path = word(words, name), .held = -1};
  } else if (strcmp(name, "--held-fifo") == 0) {
    struct fifo *fifo = &options->fifos[more(&options->fifo_count, MOST_FIFOS, name)];
    fifo->held = number(words, name);
    fifo->path = word(words, name);
  } else if (strcmp(name, "--life") == 0) {
    options->life = number(words, name);
  } else if (strcmp(name, "--loader") == 0) {
    options->loader.policy = number(words, name);
    options->loader.nft = word(words, name);
    options->loader.log = word(words, name);
  } else if (strcmp(name, "--guard") == 0) {
    options->guard = number(words, name);
  } else if (strcmp(name, "--setting") == 0) {
    struct setting *setting = &options->settings[more(&options->setting_count, MOST_SETTINGS, name)];
    setting->path = word(words, name);
    setting->value = word(words, name);
  } else if (strcmp(name, "--bind") == 0) {
    struct terminal *terminal = &options->terminals[more(&options->terminal_count, MOST_MOUNTS, name)];
    terminal->source = word(words, name);
    terminal->target = word(words, name);
  } else if (strcmp(name, "--new-terminals") == 0) {
    struct terminal *terminal = &options->terminals[more(&options->terminal_count, MOST_MOUNTS, name)];
    *terminal = (struct terminal){.source = NULL, .target = word(words, name)};
  } else if (strcmp(name, "--image") == 0) {
    options->image.file = word(words, name);
    options->image.directory = word(words, name);
    int count = number(words, name);
    if (count >= MOST_FORMAT_WORDS)
      fail("more than %d words after %s", MOST_FORMAT_WORDS, name);
    for (int index = 0; index < count; index += 1)
      options->image.format[index] = word(words, name);
  } else if (strcmp(name, "--launcher") == 0) {
    options->launcher = number(words, name);
  } else if (strcmp(name, "--launcher-again") == 0) {
    options->launcher_again = number(words, name);
  } else if (strcmp(name, "--ignore-signal") == 0) {
    options->signals[more(&options->signal_count, MOST_SIGNALS, name)] = number(words, name);
  } else if (strcmp(name, "--detached") == 0) {
    options->detached = true;
  } else {
    fail("\"%s\" is no option", name);
  }
}

struct options parse_options(int argc, char **argv)
{
  struct options options = {.life = -1, .loader = {.policy = -1}, .guard = -1, .launcher = -1, .launcher_again = -1};
  struct words words = {.next = argv + (argc > 0 ? 1 : 0)};
  for (;;) {
    const char *name = word(&words, "the options");
    if (strcmp(name, "--") == 0)
      break;
    parse_option(&options, name, &words);
  }
  options.command = words.next;
  if (*options.command == NULL || options.life < 0 || options.launcher < 0)
    fail("--life, --launcher or the command is missing");
  return options;
}
