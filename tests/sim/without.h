/*
 * tests/sim/without.h - rules of several bridges taken out (--without NAME, once for
 * each), so that it is seen which seed misses them (seeds_without). A rule that no
 * seed misses is one that the simulation does not show, or that another one stands
 * behind: then both are taken out.
 */
#ifndef TESTS_SIM_WITHOUT_H
#define TESTS_SIM_WITHOUT_H

#include <stdbool.h>

/* X(NAME, "name", "what is left out") */
#define WITHOUT_LIST(X)                                                        \
	X(FENCE, "fence", "init_transactions fences nobody and ends nothing")  \
	X(MARKERS, "markers", "... does not wait until all markers are there") \
	X(CHECK, "check", "whoever was assigned asks whether it still is")     \
	X(END, "end", "the state is read after that")                          \
	X(STABLE, "stable", "... to its uncommitted end")                      \
	X(PLACE, "place", "... and nobody has written there since")            \
	X(WAIT, "wait", "a takeover waits for the lease of the one before")    \
	X(LEASE, "lease", "effects go out with a lease only")                  \
	X(HOLD, "hold", "decisions for unknown ids are held for a while")      \
	X(MARK, "mark", "the journal's mark is a row of the state")            \
	X(ENDS, "ends", "only what has been read to the end expires")          \
	X(LATE, "late", "silence approves only who was asked in time")

enum without {
#define X(name, text, what) WITHOUT_##name,
	WITHOUT_LIST(X)
#undef X
};

bool without(enum without rule);
/* Are seeds asked for in which this rule matters more often than in others? */
bool is_about(enum without rule);
/* False: there is no such rule. */
bool without_set(const char *name);
bool about_set(const char *name);

#endif
