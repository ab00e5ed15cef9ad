/*
 * bridge/kafka/probe.h - questions to Kafka that block, asked by a thread of their
 * own over a handle of its own: do our topics exist, how many partitions has
 * the decision topic, where does it end. The handle reads uncommitted, so
 * that the end is the very end and an open transaction lies before it.
 */
#ifndef BRIDGE_KAFKA_PROBE_H
#define BRIDGE_KAFKA_PROBE_H

#include "bridge/core/core.h"

#define PROBE_PARTITIONS_MAX 1024

struct probe;

struct probe_status {
	bool up;	   /* Kafka answered the last time */
	int64_t asked_at;  /* steady ms at which the last probe began */
	int partitions;	   /* of the decision topic; 0: there is none */
	char missing[256]; /* a topic of ours that is not there, or "" */
};

struct probe_end_offsets {
	int64_t asked_at; /* steady ms before the first question; 0: none */
	int count;
	int64_t ends[PROBE_PARTITIONS_MAX];
};

/* Starts the thread. It probes at once and then at intervals, creates topics
 * if the configuration says so, and writes wake_fd when it has status. */
int probe_new(struct probe **probe, struct core *core, int wake_fd,
	      struct ztp_error *error);
/* Begins to end the thread; does not block. */
void probe_stop(struct probe *probe);
/* Blocks until an answer under way has come or timed out (some seconds). */
void probe_free(struct probe *probe);

/* Loop thread. Probe again now; learn the ends now. */
void probe_again(struct probe *probe);
void probe_want_end_offsets(struct probe *probe);

/* Loop thread. The newest answers, copied. */
void probe_status_get(struct probe *probe, struct probe_status *status);
/* False while there is no answer newer than `since`. */
bool probe_end_offsets_get(struct probe *probe, int64_t since,
			   struct probe_end_offsets *ends);

#endif
