/*
 * tools/serve/world.h - what Kafka has said so far, and what is said to it: the
 * topics are read into the book and the list of decisions, and decisions are
 * written. One thread, the loop's.
 */
#ifndef ZTP_SERVE_WORLD_H
#define ZTP_SERVE_WORLD_H

#include "tools/common/kafka.h"
#include "tools/serve/body.h"
#include "tools/serve/book.h"
#include "tools/serve/decided.h"

struct world_settings {
	const char *brokers, *group;
	const struct ztp_kafka_props *props;
	const char *requests, *decisions, *results; /* topics */
	bool decisions_given; /* else each request may name its own */
	int wake; /* an eventfd, written to when there is something new */
	/* A decision whose event is known has its result now. */
	void (*on_answer)(void *arg, const struct decided *decided);
	/* A decision with that event has been read. */
	void (*on_read)(void *arg, const struct key *event);
	/* Kafka has taken what world_send was given opaque for, or has not:
	 * then it is not known whether it will be read. */
	/* fault: 0, Kafka has it; else as of ztp_kafka_fault. */
	void (*on_stored)(void *arg, void *opaque, int fault);
	void *arg;
};

struct world;

/* NULL: *error says why. Does not wait for Kafka. */
struct world *world_new(const struct world_settings *settings,
			struct ztp_error *error);
/* Takes in what has come, a bounded amount. True: there is more. */
bool world_turn(struct world *world);
/* Have all topics been read to their ends once? */
bool world_ready(const struct world *world);
/* Is there none that answers, of Kafka's brokers, at the moment? */
bool world_is_away(const struct world *world);
/* The topic that has not been, while it is not ready. */
const char *world_unread(const struct world *world);
/* Does the request name another topic for its decision than this one? */
bool world_is_stray(const struct world *world, const char *request_id,
		    const char *topic);
/* The topic of this request's decision, if the rest is ready and this topic has not
 * been read to its end yet. NULL: it has. */
const char *world_unread_for(const struct world *world,
			     const struct request *request);
/* Is that topic followed, or from now on? False: there are too many. */
bool world_follows(struct world *world, const struct request *request);
const struct book *world_book(const struct world *world);
const struct decided_list *world_decided(const struct world *world);

struct world_decision {
	const char
		*topic; /* as the request has it; NULL: the one that is set */
	const char *event_id, *path;
	const char *record;
	size_t len;
	void *opaque;
};

/* ZTP_ERR_FULL: too many are on their way. */
int world_send(struct world *world, const struct world_decision *decision,
	       struct ztp_error *error);
/* Waits for a short while until Kafka has taken what was sent. NULL-safe. */
void world_free(struct world *world);

#endif
