/*
 * tests/bench/tally.h - records which items of a plan have arrived, and how
 * late.
 *
 * Not thread-safe; the caller serialises calls.
 */
#ifndef TESTS_BENCH_TALLY_H
#define TESTS_BENCH_TALLY_H

#include "tests/bench/part.h"

struct tally;

/* Ends the program when out of memory. Keeps a reference to the plan. */
struct tally *tally_new(const struct part *part);
void tally_free(struct tally *tally);

/* Counts a record or message that names its item as
 * "request_id":"PREFIX-NUMBER". now: part_now() at its arrival. */
void tally_add(struct tally *tally, const void *bytes, size_t len, int64_t now);

/* How many have arrived, without duplicates. */
int64_t tally_received(const struct tally *tally);

/* True when every item has arrived and the time for duplicates is over, or
 * when the last item was due and nothing new has arrived for as long as the
 * plan allows. */
bool tally_complete(const struct tally *tally);

/* Writes one line of JSON to stdout: expected, received, duplicates, foreign
 * (no item of the plan), percentiles in us from due time to arrival, and how
 * long after the last due time the last item arrived. */
void tally_report(struct tally *tally);

#endif
