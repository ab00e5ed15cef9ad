/*
 * tools/serve/decision_topics.h - the topics of decisions: the one that is set,
 * and, unless it was given, each that a request names as its own
 * (decision_topic). Several bridges that share ztp.requests have one each, and
 * read no other. All are read from their beginnings, each by a feed of its own,
 * so that one that does not exist holds up no other. One thread.
 */
#ifndef ZTP_SERVE_DECISION_TOPICS_H
#define ZTP_SERVE_DECISION_TOPICS_H

#include "tools/common/ask.h"
#include "tools/serve/feed.h"
#include "tools/serve/retention.h"

#define DECISION_TOPICS_MAX 16

struct decision_topic {
	char name[ZTP_TOPIC_NAME_MAX + 1];
	struct feed *feed;
	struct retention retention; /* of this topic only */
};

struct decision_topics {
	struct decision_topic items[DECISION_TOPICS_MAX];
	int count;
	bool told_full, told_other;
};

struct decision_topics_user {
	const char *brokers, *group;
	const struct ztp_kafka_props *props;
	rd_kafka_t *client;
	int wake; /* an eventfd, written to when there is something new */
};

/* Begins to read it. False: *error says why. */
bool decision_topics_add(struct decision_topics *topics, const char *name,
			 const struct decision_topics_user *user,
			 struct ztp_error *error);
/* The topic of this request's decision, which lives as long as the list; "":
 * there are too many already, or no memory, and a warning says so. given: the
 * first one is meant for all, and a warning tells of a request that wants
 * another. */
const char *decision_topics_of(struct decision_topics *topics,
			       const struct ztp_ask *ask, bool given,
			       const struct decision_topics_user *user);
/* The name that lives as long as the list, of a topic in it. */
const char *decision_topics_name(const struct decision_topics *topics,
				 const char *name);
/* The first one that has not been read to its end, or NULL. One that does not
 * exist counts as long as it is the only one. */
const char *decision_topics_unread(const struct decision_topics *topics);
/* Does no broker answer? Of several, one that gets no answer (a partition without
 * a leader) holds up no other: the feeds of requests and results know as well. */
bool decision_topics_away(const struct decision_topics *topics);
/* Takes what Kafka has answered about them. */
void decision_topics_turn(struct decision_topics *topics);
/* A request may be open for that long. */
void decision_topics_note(struct decision_topics *topics, int64_t open_ms);
/* Tells the threads to end; waits for them. */
void decision_topics_stop(struct decision_topics *topics);
void decision_topics_clear(struct decision_topics *topics);

#endif
