/* The file system of a bounded size for temporary files. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>

enum { MOST_FORMAT_WORDS = 32 };

/* A file for an ext4 file system, and where it is mounted; both are below a directory that only root can change. */
struct image {
  const char *file;
  const char *directory;
  /* The argv that formats it; the last one is NULL. */
  char *format[MOST_FORMAT_WORDS];
};

/* Formats and mounts it, in the mounts of this process, on a loop device that the kernel frees with the last mount, and
 * removes the file's name: nothing is left of it when the launch has ended. False, with a message: it could not. */
bool mount_image(const struct image *image);

#endif
