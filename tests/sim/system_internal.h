/* tests/sim/system_internal.h - played descriptors, as system*.c share them. */
#ifndef TESTS_SIM_SYSTEM_INTERNAL_H
#define TESTS_SIM_SYSTEM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "tests/sim/process.h"

#define SYSTEM_WATCHES 16

enum system_kind { FREE, EVENT, SIGNAL, EPOLL, SOCKET, FILE_, DIRECTORY, LOG };

struct system_watch {
	int fd;
	struct epoll_event event;
};

struct system_fd {
	const struct process *of;
	bool locks;	/* its file: until it is closed */
	uint64_t count; /* EVENT; SIGNAL: which; FILE_: where it is read */
	struct file *file;
	bool (*is_ready)(void *arg);
	void *arg;
	struct system_watch watches[SYSTEM_WATCHES];
	int watched;
	enum system_kind kind;
};

struct system_fd *system_find(int fd); /* NULL: not one of ours */
int system_new(enum system_kind kind); /* -1 and errno */

#endif
