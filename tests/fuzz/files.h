/*
 * tests/fuzz/files.h - a file that exists while its text is looked at, for
 * parsers that are given a name.
 */
#ifndef ZTP_TESTS_FUZZ_FILES_H
#define ZTP_TESTS_FUZZ_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

struct fuzz_file {
	int fd;
	char name[32];
};

static inline void fuzz_file_make(struct fuzz_file *file, const void *text,
				  size_t size)
{
	file->fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(file->fd >= 0);
	MUST(write(file->fd, text, size) == (ssize_t)size);
	snprintf(file->name, sizeof(file->name), "/proc/self/fd/%d", file->fd);
}

static inline void fuzz_file_end(const struct fuzz_file *file)
{
	close(file->fd);
}

#endif
