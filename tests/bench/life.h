/*
 * tests/bench/life.h - runs a request's whole life through the bridge's own
 * functions, step by step, without brokers or threads. Used to count
 * instructions (hot.c) and to measure cost by the size of the store
 * (growth.c).
 *
 * The entry points are those that the loop and the libraries' threads call, so
 * a change behind them needs no change here. The inputs are always the same
 * except for the certificates, which differ only in their bits. Any failure
 * ends the program.
 */
#ifndef TESTS_BENCH_LIFE_H
#define TESTS_BENCH_LIFE_H

#include "bridge/ledger/ledger_local.h"
#include "bridge/life/bridge.h"
#include "bridge/mqtt/receive.h"

#define LIFE_COUNT 256 /* requests per step */
#define LIFE_BATCH 64  /* requests per transaction */
#define LIFE_CERTS 8

struct life {
	struct bridge b;
	struct ledger_local ledger;
	struct log log;
	struct receiver receiver;
	struct config *config;
	struct ztp_error error;
	char *certs[LIFE_CERTS];
	char store[4096];
	int first;	    /* number of the first request in a step */
	int64_t expires_at; /* for its events, wall ms; 0: not given */
	int64_t rows[LIFE_COUNT];
	int found;
	int wake_fd; /* written by Kafka's threads */
};

/* folder: must be empty; certs: a file with one certificate per line. */
void life_open(struct life *l, const char *folder, const char *certs);
void life_close(struct life *l);

/* Opens the store and the journal as the daemon does at start. Then connects
 * to Kafka: librdkafka's own mock cluster in this process. */
void life_start(struct life *l);
void life_connect(struct life *l);
void life_stop(struct life *l);
void life_commit(struct life *l);
void life_check(const struct life *l, int rc, const char *what);

/* Puts pending events into the journal, as paho's receiving thread does. */
void life_events(struct life *l);
/* Applies them to the store, each with a record for Kafka. */
void life_requests(struct life *l);
/* Hands all records over and waits until Kafka has acknowledged them. */
void life_kafka(struct life *l);
/* Applies the customer's approvals. */
void life_decisions(struct life *l);
/* Builds the commands that are owed ... */
void life_commands(struct life *l);
/* ... and applies their PUBACKs, which ends the requests. */
void life_delivered(struct life *l);
/* Expires all requests whose deadline has passed without a decision. */
void life_expire(struct life *l);

#endif
