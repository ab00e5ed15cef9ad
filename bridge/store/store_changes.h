/*
 * bridge/store/store_changes.h - which rows the open turn has changed. The store
 * notes them where it writes them. All functions do nothing if changes is NULL,
 * as it is in a store that is nobody's copy. Loop thread only.
 */
#ifndef BRIDGE_STORE_STORE_CHANGES_H
#define BRIDGE_STORE_STORE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/store/state_row.h"

#define STORE_CHANGES_ALL (-1) /* all positions */

struct store_changes_list {
	int64_t *rows;
	size_t count, room;
};

struct store_changes_names {
	struct store_changes_name {
		enum state_kind kind;
		int64_t row; /* of what is removed */
		char name[STATE_KEY_MAX + 1];
	} * rows;
	size_t count, room;
};

struct store_changes {
	/* By the request's number. */
	struct store_changes_list requests, decisions;
	struct store_changes_list positions; /* partitions */
	struct store_changes_names gone;     /* requests and decisions */
	struct store_changes_names small;    /* see store_state_put */
	bool failed; /* for lack of memory something was not noted */
};

struct store_changes *store_changes_new(void);
void store_changes_free(struct store_changes *changes); /* accepts NULL */
void store_changes_clear(struct store_changes *changes);

void store_changes_request(struct store_changes *changes, int64_t n);
void store_changes_decision(struct store_changes *changes, int64_t request);
void store_changes_position(struct store_changes *changes, int64_t partition);
void store_changes_removed(struct store_changes *changes, enum state_kind kind,
			   const char *id, int64_t row);
void store_changes_small(struct store_changes *changes, enum state_kind kind,
			 const char *name);
bool store_changes_any(const struct store_changes *changes);
/* Sorts the list, and leaves each number in it once. */
void store_changes_once(struct store_changes_list *list);

#endif
