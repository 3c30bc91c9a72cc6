/* epoll(7). On x86_64 its structure is packed; the attribute for that is lost where the C library knows the compiler
 * too little, as with tcc(1). */
#ifndef EPOLL_H
#define EPOLL_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __x86_64__
#pragma pack(push, 4)
#include <sys/epoll.h>
#pragma pack(pop)
_Static_assert(sizeof(struct epoll_event) == 12, "struct epoll_event is not as the kernel has it");
#else
#include <sys/epoll.h>
_Static_assert(sizeof(struct epoll_event) == 16, "struct epoll_event is not as the kernel has it");
#endif

#endif
