/*
 * bridge/loop/part.h - the parts of the daemon as the loop sees them: a table
 * of what each does in which step of a turn. bridge/life/bridge.h says what
 * the steps are for.
 *
 * Each step goes through the table from top to bottom; `free` goes from bottom
 * to top. A part that has nothing to do in a step leaves it NULL.
 */
#ifndef BRIDGE_LOOP_PART_H
#define BRIDGE_LOOP_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/error.h"

struct loop;

struct part {
	const char *name;
	/* Is it there? NULL: always. No step but `new` and `free` runs for a
	 * part that is not. */
	bool (*present)(const struct loop *l);

	int (*new)(struct loop *l, struct ztp_error *error);
	void (*collect)(struct loop *l);
	int (*apply)(struct loop *l, struct ztp_error *error);
	void (*settle)(struct loop *l);
	void (*rollback)(struct loop *l);
	void (*pump)(struct loop *l);
	/* When the part wants a turn: steady ms, 0 for never. */
	int64_t (*next)(const struct loop *l, int64_t now);
	bool needs_store; /* it wants none while the store fails */
	void (*free)(struct loop *l);
};

/* The steps that only call the part's own function of that name. */
#define STEP(part, step)                                                       \
	static void part##_part_##step(struct loop *l)                         \
	{                                                                      \
		part##_##step(l->b.part);                                      \
	}
#define APPLY(part)                                                            \
	static int part##_part_apply(struct loop *l, struct ztp_error *error)  \
	{                                                                      \
		return part##_apply(l->b.part, error);                         \
	}
#define NEXT(part)                                                             \
	static int64_t part##_part_next(const struct loop *l, int64_t now)     \
	{                                                                      \
		(void)now;                                                     \
		return part##_next(l->b.part);                                 \
	}
#define FREE(part) STEP(part, free)

/* Stops at the first that fails; *name is its name. */
int parts_new(struct loop *l, const char **name, struct ztp_error *error);
void parts_collect(struct loop *l);
int parts_apply(struct loop *l, struct ztp_error *error);
void parts_settle(struct loop *l);
void parts_rollback(struct loop *l);
void parts_pump(struct loop *l);
/* The earliest time that a part wants, at most `latest`. */
int64_t parts_next(const struct loop *l, int64_t now, int64_t latest);
/* Also after parts_new has failed at any of them. */
void parts_free(struct loop *l);

#endif
