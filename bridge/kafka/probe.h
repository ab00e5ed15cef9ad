/*
 * bridge/kafka/probe.h - sends blocking queries to Kafka, from a thread and
 * over a handle of its own: do our topics exist, how many partitions does the
 * decision topic have, and where do they end. The handle reads uncommitted
 * records, so the end is the very last offset, and an open transaction lies
 * before it.
 */
#ifndef BRIDGE_KAFKA_PROBE_H
#define BRIDGE_KAFKA_PROBE_H

#include "bridge/core/core.h"
#include "bridge/store/store.h"

#define PROBE_PARTITIONS_MAX 1024

struct probe;

struct probe_status {
	bool up;	  /* Kafka answered the last probe */
	int64_t asked_at; /* steady ms at which the last probe began */
	int partitions;	  /* of the decision topic; 0: it does not exist */
	int leader; /* of the first of them, a broker's id; -1: it has none */
	int counts[STORE_TOPIC_END]; /* of each topic, likewise */
	/* Topics that do not exist, and those that we may not describe, so
	 * neither read nor write: 1 << enum store_topic. */
	unsigned missing, denied;
	/* A partition of one of the topics has no leader, so Kafka neither takes
	 * nor gives its records: the first such, and how many there are. */
	struct probe_leaderless {
		enum store_topic topic;
		int partition, count;
	} leaderless;
};

struct probe_end_offsets {
	int64_t asked_at; /* steady ms before the first query; 0: none */
	int count;
	int64_t ends[PROBE_PARTITIONS_MAX];
	/* Where the partitions begin; only if that was asked, too. */
	bool has_begins;
	int64_t begins[PROBE_PARTITIONS_MAX];
};

/* Starts the thread. It probes at once and then at intervals, creates topics
 * if so configured, and writes wake_fd when the status has changed. */
int probe_new(struct probe **probe, struct core *core, int wake_fd,
	      struct ztp_error *error);
/* Asks the thread to stop; does not block. */
void probe_stop(struct probe *probe);
/* Blocks until the query in progress is answered or times out (some
 * seconds). */
void probe_free(struct probe *probe);

/* Loop thread. Asks for a probe now; asks for the end offsets now; asks for them
 * and for where the partitions begin. */
void probe_again(struct probe *probe);
void probe_want_end_offsets(struct probe *probe);
void probe_want_begins(struct probe *probe);

/* Loop thread. Copies the latest answers. */
void probe_status_get(struct probe *probe, struct probe_status *status);
/* Returns false while there is no answer newer than `since`. */
bool probe_end_offsets_get(struct probe *probe, int64_t since,
			   struct probe_end_offsets *ends);

#endif
