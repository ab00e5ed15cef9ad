/*
 * bridge/kafka/asker.h - questions to Kafka that block, asked by a thread of their
 * own over a handle of its own: do our topics exist, how many partitions has
 * the decision topic, where does it end. The handle reads uncommitted, so
 * that the end is the very end and an open transaction lies before it.
 */
#ifndef BRIDGE_KAFKA_ASKER_H
#define BRIDGE_KAFKA_ASKER_H

#include "bridge/core/core.h"

#define ASKER_PARTITIONS_MAX 1024

struct asker;

struct asker_news {
	bool up;	   /* Kafka answered the last time */
	int64_t asked_at;  /* steady ms at which the last probe began */
	int partitions;	   /* of the decision topic; 0: there is none */
	char missing[256]; /* a topic of ours that is not there, or "" */
};

struct asker_ends {
	int64_t asked_at; /* steady ms before the first question; 0: none */
	int count;
	int64_t ends[ASKER_PARTITIONS_MAX];
};

/* Starts the thread. It probes at once and then at intervals, creates topics
 * if the configuration says so, and writes wake_fd when it has news. */
int asker_new(struct asker **asker, struct core *core, int wake_fd,
	      struct ztp_error *error);
/* Begins to end the thread; does not block. */
void asker_stop(struct asker *asker);
/* Blocks until an answer under way has come or timed out (some seconds). */
void asker_free(struct asker *asker);

/* Loop thread. Probe again now; learn the ends now. */
void asker_probe(struct asker *asker);
void asker_want_ends(struct asker *asker);

/* Loop thread. The newest answers, copied. */
void asker_news_get(struct asker *asker, struct asker_news *news);
/* False while there is no answer newer than `since`. */
bool asker_ends_get(struct asker *asker, int64_t since,
		    struct asker_ends *ends);

#endif
