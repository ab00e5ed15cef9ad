/*
 * base/log_held.h - lines that are written only if what they say has come about.
 *
 * What happens inside a transaction has not happened before its commit, and is
 * done again after a rollback. So its lines are kept meanwhile, and then written
 * or forgotten (log_hold, log_write_held; bridge/loop/loop.c). Lines at levels
 * error and warn are written at once: they may be about the transaction itself.
 */
#ifndef ZTP_BASE_LOG_HELD_H
#define ZTP_BASE_LOG_HELD_H

#include <stdbool.h>
#include <stddef.h>

/* Beyond these many bytes, or without memory, lines are written at once. */
#define LOG_HELD_MAX (1 << 20)

/* Embedded by its owner; {0} is an empty one. One thread only. */
struct log_held {
	char *text; /* a newline, and then lines */
	size_t n, size;
};

/* Keeps a line of n bytes with its newline. False: there is no room. */
bool log_held_add(struct log_held *held, const char *line, size_t n);
/* The line after `line` (NULL: the first), or NULL: n bytes with its newline, and
 * a newline in front. */
const char *log_held_next(const struct log_held *held, const char *line,
			  size_t *n);
void log_held_forget(struct log_held *held);
void log_held_free(struct log_held *held);

#endif
