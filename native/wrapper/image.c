#define _GNU_SOURCE
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

/* As portwrap/temporary/image.ts formats it: with larger blocks than the usual 512 bytes, direct I/O works on all disks. */
enum { IMAGE_BLOCK = 4096, MOST_TRIES = 100 };

static const char control_path[] = "/dev/loop-control";

/* noinit_itable: the kernel does not write what nothing has used. discard: removed files give their space back. */
static const char ext4_options[] = "noinit_itable,discard";

struct device {
  int fd;
  char path[32];
};

static bool open_free(int control, struct device *device)
{
  int number = ioctl(control, LOOP_CTL_GET_FREE);
  if (number < 0)
    return false;
  snprintf(device->path, sizeof device->path, "/dev/loop%d", number);
  device->fd = open(device->path, O_RDWR | O_CLOEXEC);
  return device->fd >= 0;
}

/* Direct I/O: the pages of a file are in memory once, not twice. Where it is impossible the kernel does without. */
static bool attach(int file, struct device *device)
{
  struct loop_config config = {
      .fd = (unsigned)file,
      .block_size = IMAGE_BLOCK,
      .info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
  };
  int control = open(control_path, O_RDWR | O_CLOEXEC);
  if (control < 0) {
    warn_errno("%s", control_path);
    return false;
  }
  snprintf(device->path, sizeof device->path, "%s", control_path);
  bool attached = false;
  for (int tries = 0; tries < MOST_TRIES && open_free(control, device); tries += 1) {
    attached = ioctl(device->fd, LOOP_CONFIGURE, &config) == 0;
    if (attached)
      break;
    int error = errno;
    close(device->fd);
    errno = error;
    if (error != EBUSY) /* otherwise another program was faster */
      break;
  }
  if (!attached)
    warn_errno("no loop device can be used for temporary files: %s", device->path);
  close(control);
  return attached;
}

/* Nothing of it is needed after a crash, so it does not wait for the disk: fsync(2) does nothing, and reports success. */
static bool skip_syncs(void)
{
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static bool format(char *const *argv)
{
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    if (!skip_syncs())
      warn_errno("formatting waits for the disk");
    execv(argv[0], argv);
    fail_errno("%s", argv[0]);
  }
  if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
    return true;
  warn("the file system for temporary files cannot be made");
  return false;
}

static bool mount_file(int file, const char *directory)
{
  struct device device;
  if (!attach(file, &device))
    return false;
  bool mounted = mount(device.path, directory, "ext4", MS_NOSUID | MS_NODEV, ext4_options) == 0;
  if (!mounted)
    warn_errno("%s cannot be mounted for temporary files", device.path);
  close(device.fd); /* without a mount the kernel frees the device now */
  return mounted;
}

bool mount_image(const struct image *image)
{
  if (!format(image->format))
    return false;
  int file = open(image->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 || unlink(image->file) != 0) {
    warn_errno("%s", image->file);
    return false;
  }
  bool mounted = mount_file(file, image->directory);
  close(file);
  return mounted;
}
