/*
 * tests/bench/tally.h - which items of a plan have arrived, and how late.
 *
 * Not for two threads at once; the caller sees to that.
 */
#ifndef TESTS_BENCH_TALLY_H
#define TESTS_BENCH_TALLY_H

#include "tests/bench/part.h"

struct tally;

/* Dies when there is no memory. The plan is kept by reference. */
struct tally *tally_new(const struct part *part);
void tally_free(struct tally *tally);

/* A record or message that names its item as "request_id":"PREFIX-NUMBER".
 * now: part_now() at its arrival. */
void tally_add(struct tally *tally, const void *bytes, size_t len, int64_t now);

/* Every item is there, and has been for as long as a duplicate may take; or
 * the last was due, and nothing new has come for as long as the plan allows. */
bool tally_complete(const struct tally *tally);

/* One line of JSON on stdout: expected, received, duplicates, foreign (of no
 * item), percentiles in us from due to arrival, and of the last arrival how
 * long after the last due time it was. */
void tally_report(struct tally *tally);

#endif
