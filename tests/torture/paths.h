/*
 * tests/torture/paths.h - by which way a call was reached. SQLite alone
 * allocates 180,000 times in a life, by a few thousand ways; what is reached the
 * same way fails the same way, so some calls of each way are enough.
 */
#ifndef TESTS_TORTURE_PATHS_H
#define TESTS_TORTURE_PATHS_H

#include <stdbool.h>

#include "tests/torture/fail.h"

/* Before the first run: the notes are shared with the processes that run. */
void paths_begin(void);
/* Notes the way to the n-th call of a kind. */
void paths_note(enum fail_kind kind, long n);
/* Sets chosen[n - 1] for at most `most` calls of each way, evenly spread, the
 * first among them. Returns how many ways there are. */
long paths_choose(bool *chosen, enum fail_kind kind, long calls, long most);

#endif
