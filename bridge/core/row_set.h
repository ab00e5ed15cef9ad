/*
 * bridge/core/row_set.h - a small set of row numbers, for what is in flight: is
 * this row among them? Asked in every turn of every row that is due.
 */
#ifndef BRIDGE_CORE_ROW_SET_H
#define BRIDGE_CORE_ROW_SET_H

#include <stdbool.h>
#include <stdint.h>

#define ROW_SET_MAX 512 /* rows at once, at most */

/* {0} is empty. A hash table with open addressing, at most half full. */
struct row_set {
	int64_t rows[2 * ROW_SET_MAX]; /* 0: free */
};

/* n is above 0, and not in the set. */
void row_set_add(struct row_set *set, int64_t n);
void row_set_remove(struct row_set *set, int64_t n);
bool row_set_has(const struct row_set *set, int64_t n);

#endif
