/*
 * tests/bench/part.h - what the programs of the benchmark have in common.
 *
 * A measurement is a plan that all its programs are given alike: item `first`
 * to `first + count - 1`, so many a second from a common start on. When an
 * item was due follows from its number, which is in its request id
 * (PREFIX-NUMBER), so that whoever sees it arrive knows how late it is, and
 * an item that could not be sent in time counts as late, not as not sent.
 *
 * Each program says "ready" on stdout when it is connected, takes the start
 * (CLOCK_MONOTONIC, us) as a line on stdin, and writes one line of JSON when
 * it has seen everything or stdin ends.
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
	const char *certs;	     /* file, one certificate a line */
	const char *prefix;
	int port, clients; /* MQTT on 127.0.0.1 */
	int password;	   /* length of one in each event; 0: none */
	int quiet;    /* sink: ends when so many ms brought nothing; 0: never */
	int64_t rate; /* items a second */
	int64_t first, count;
	int64_t start; /* set by part_begin */
};

/* From the command line; exits 2 with a message when it is wrong. */
void part_options(struct part *part, int argc, char **argv);

/* Says "ready" and waits for the start. Exits 0 if stdin ends instead. */
void part_begin(struct part *part);

/* True once stdin has ended: report what there is. Does not block. */
bool part_over(void);

/* CLOCK_MONOTONIC in us. */
int64_t part_now(void);

/* When the item of that index (from 0) is due, in us. */
int64_t part_due(const struct part *part, int64_t index);

/* What part_begin's caller cannot go on without. */
__attribute__((noreturn, format(printf, 1, 2))) void part_die(const char *form,
							      ...);

#endif
