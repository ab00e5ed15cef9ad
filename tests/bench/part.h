/*
 * tests/bench/part.h - what the benchmark's programs have in common.
 *
 * A measurement is a plan that all its programs receive: items `first` to
 * `first + count - 1`, at a given rate from a common start. An item's number
 * tells when it was due, and the request id contains the number
 * (PREFIX-NUMBER). Whoever sees an item arrive therefore knows how late it is,
 * and an item that could not be sent in time counts as late, not as unsent.
 *
 * Each program writes "ready" to stdout when it is connected, reads the start
 * time (CLOCK_MONOTONIC, us) as a line from stdin, and writes one line of JSON
 * when it has seen everything or stdin ends.
 */
#ifndef TESTS_BENCH_PART_H
#define TESTS_BENCH_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PART_PREFIX_MAX 32
#define PART_PATH_FORM	"subscriptions/bench/registries/%s/devices/d%lld"

struct part {
	const char *brokers, *topic; /* Kafka, or an MQTT topic */
	const char *certs;	     /* file with one certificate per line */
	const char *prefix;
	int port, clients; /* MQTT on 127.0.0.1 */
	int password;	   /* length of the password in each event; 0: none */
	int quiet;	   /* sink: ends after so many idle ms; 0: never */
	int64_t window;	   /* load: in flight at most, whenever due; 0: any */
	const char *progress; /* file of what sink tells load; NULL: none */
	int64_t rate;	      /* items per second */
	int64_t first, count;
	int64_t start; /* set by part_begin */
};

/* Reads the command line; exits with 2 and a message if it is wrong. */
void part_options(struct part *part, int argc, char **argv);

/* Writes "ready" and waits for the start time. Exits with 0 if stdin
 * ends instead. */
void part_begin(struct part *part);

/* True once stdin has ended: report what has been seen. Does not block. */
bool part_over(void);

/* CLOCK_MONOTONIC in us. */
int64_t part_now(void);

/* How many items the sink has seen: a number that the programs share through
 * the file, or NULL without one. */
_Atomic int64_t *part_progress(const struct part *part);

/* When the item with that index (from 0) is due, in us. */
int64_t part_due(const struct part *part, int64_t index);

/* Prints a message and exits with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void part_die(const char *form,
							      ...);

#endif
