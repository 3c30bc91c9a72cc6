#define _GNU_SOURCE
#include "messages.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

bool send_message(int socket, const struct message *message, int descriptor)
{
  struct iovec data = {.iov_base = (void *)message, .iov_len = sizeof *message};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof descriptor)];
  } ancillary;
  struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
  if (descriptor >= 0) {
    memset(&ancillary, 0, sizeof ancillary);
    header.msg_control = &ancillary;
    header.msg_controllen = sizeof ancillary;
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ssize_t sent;
  do
    sent = sendmsg(socket, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)sizeof *message;
}

bool receive_message(int socket, struct message *message, int *descriptor, pid_t *sender)
{
  struct iovec data = {.iov_base = message, .iov_len = sizeof *message};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  } ancillary;
  struct msghdr header = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
  ssize_t length;
  do
    length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (length < 0 && errno == EINTR);
  if (length != (ssize_t)sizeof *message)
    return false;
  message->text[sizeof message->text - 1] = '\0';
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part != NULL; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET)
      continue;
    if (part->cmsg_type == SCM_RIGHTS && descriptor != NULL)
      memcpy(descriptor, CMSG_DATA(part), sizeof *descriptor);
    struct ucred credentials;
    if (part->cmsg_type == SCM_CREDENTIALS && sender != NULL) {
      memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      *sender = credentials.pid;
    }
  }
  return true;
}
