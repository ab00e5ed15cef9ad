/*
 * hot: what `make instructions` counts under callgrind.
 *
 *	hot DIR CERTIFICATES
 *
 * Each hot_* function is one step of tests/bench/life.h for LIFE_COUNT
 * requests. Callgrind collects inside these functions and dumps its counts
 * after each. Before that, every step runs once for other requests, so that
 * one-time work (SQLite's statements, OpenSSL's tables, a first page) is
 * not counted.
 */
#include <stdio.h>

#include "tests/bench/life.h"

/* callgrind finds these functions by name. */
#define STEP __attribute__((noinline)) void

STEP hot_event(struct life *l);
STEP hot_request(struct life *l);
STEP hot_announced(struct life *l);
STEP hot_decision(struct life *l);
STEP hot_command(struct life *l);
STEP hot_delivered(struct life *l);

STEP hot_event(struct life *l)
{
	life_events(l);
}

STEP hot_request(struct life *l)
{
	life_requests(l);
}

STEP hot_announced(struct life *l)
{
	life_kafka(l);
}

STEP hot_decision(struct life *l)
{
	life_decisions(l);
}

STEP hot_command(struct life *l)
{
	life_commands(l);
}

STEP hot_delivered(struct life *l)
{
	life_delivered(l);
	life_kafka(l);
}

static void warm_up(struct life *l)
{
	life_events(l);
	life_requests(l);
	life_kafka(l);
	life_decisions(l);
	life_commands(l);
	life_delivered(l);
	life_kafka(l);
	l->first += LIFE_COUNT;
}

static void counted(struct life *l)
{
	hot_event(l);
	hot_request(l);
	hot_announced(l);
	hot_decision(l);
	hot_command(l);
	hot_delivered(l);
	l->first += LIFE_COUNT;
}

int main(int argc, char **argv)
{
	struct life l;

	if (argc != 3) {
		fprintf(stderr, "usage: hot DIR CERTIFICATES\n");
		return 2;
	}
	life_open(&l, argv[1], argv[2]);
	warm_up(&l);
	counted(&l);
	/* Otherwise a step that did nothing would count as fast. */
	if (store_count(l.b.store, ZTP_STATE_ONBOARDED) != l.first) {
		fprintf(stderr, "hot: not all were onboarded\n");
		return 1;
	}
	printf("%d\n", LIFE_COUNT);
	life_close(&l);
	return 0;
}
