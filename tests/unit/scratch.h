/*
 * tests/unit/scratch.h - a directory for each test, and files in it: whole,
 * truncated or damaged.
 */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char dir[32];
	char base[48]; /* dir/store.db */
};

static inline void scratch_make_in(struct scratch *s, const char *where)
{
	snprintf(s->dir, sizeof(s->dir), "%s/ztp-unit-XXXXXX", where);
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->base, sizeof(s->base), "%s/store.db", s->dir);
}

static inline void scratch_make(struct scratch *s)
{
	scratch_make_in(s, "/tmp");
}

/* In memory if the system has a place for it: for tests that write at most a
 * few megabytes and do not care what survives a power loss. */
static inline void scratch_make_in_memory(struct scratch *s)
{
	bool shm = access("/dev/shm", W_OK | X_OK) == 0;

	scratch_make_in(s, shm ? "/dev/shm" : "/tmp");
}

/* Calls visit, if not NULL, for each file. Returns how many there are. */
static inline int scratch_files(const struct scratch *s, const char *prefix,
				void (*visit)(const char *name))
{
	DIR *dir = opendir(s->dir);
	struct dirent *entry;
	char name[300];
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		count++;
		snprintf(name, sizeof(name), "%s/%s", s->dir, entry->d_name);
		if (visit)
			visit(name);
	}
	closedir(dir);
	return count;
}

static inline void scratch_unlink(const char *name)
{
	assert_int_equal(unlink(name), 0);
}

static inline void scratch_remove(struct scratch *s)
{
	scratch_files(s, "", scratch_unlink);
	assert_int_equal(rmdir(s->dir), 0);
}

/* The file's bytes; free() them. */
static inline uint8_t *scratch_read(const char *name, size_t *len)
{
	FILE *file = fopen(name, "rb");
	uint8_t *bytes;
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	*len = fread(bytes, 1, (size_t)st.st_size, file);
	assert_int_equal(*len, st.st_size);
	fclose(file);
	return bytes;
}

static inline void scratch_write(const char *name, const void *bytes,
				 size_t len)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline void scratch_copy(const char *from, const char *to)
{
	size_t len;
	uint8_t *bytes = scratch_read(from, &len);

	scratch_write(to, bytes, len);
	free(bytes);
}

static inline int scratch_mode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return (int)(st.st_mode & 0777);
}

static inline int64_t scratch_size(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return st.st_size;
}

#endif
