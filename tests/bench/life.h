/*
 * tests/bench/life.h - a request's whole life through the bridge's own
 * functions, step by step, without brokers and threads: for what is counted
 * (hot.c) and what is measured by how much there is (growth.c).
 *
 * The entry points are those that the loop and the libraries' threads call: a
 * change of what is behind them needs no change here. Inputs are always the
 * same but for the certificates, of which only the bits differ. Whatever
 * fails ends the program.
 */
#ifndef TESTS_BENCH_LIFE_H
#define TESTS_BENCH_LIFE_H

#include "bridge/life/bridge.h"
#include "bridge/mqtt/receive.h"

#define LIFE_COUNT 256 /* requests in a step */
#define LIFE_BATCH 64  /* of them in a transaction */
#define LIFE_CERTS 8

struct life {
	struct bridge b;
	struct log log;
	struct receiver receiver;
	struct config *config;
	struct ztp_error error;
	char *certs[LIFE_CERTS];
	char store[4096];
	int first;	    /* number of the step's first request */
	int64_t expires_at; /* of its events, wall ms; 0: none is named */
	int64_t rows[LIFE_COUNT];
	int found;
	int wake_fd; /* of Kafka's threads */
};

/* folder: empty; certs: a file, one certificate a line. */
void life_open(struct life *l, const char *folder, const char *certs);
void life_close(struct life *l);

/* The store and the journal, as at the daemon's start; then Kafka, which is
 * librdkafka's own mock cluster, in this process. */
void life_start(struct life *l);
void life_connect(struct life *l);
void life_stop(struct life *l);
void life_commit(struct life *l);
void life_check(const struct life *l, int rc, const char *what);

/* Pending events into the journal: paho's receiving thread. */
void life_events(struct life *l);
/* From there into the store, each with a record for Kafka. */
void life_requests(struct life *l);
/* All records are handed over, and Kafka has acknowledged them. */
void life_kafka(struct life *l);
/* The customer approves. */
void life_decisions(struct life *l);
/* The commands that are owed are built ... */
void life_commands(struct life *l);
/* ... and have a PUBACK, which ends the requests. */
void life_delivered(struct life *l);
/* Nobody decided: all whose deadline is over by now end as expired. */
void life_expire(struct life *l);

#endif
