/*
 * tools/serve/decision_topics.h - the topics of decisions: the one that is set,
 * and, unless it was given, each that a request names as its own
 * (decision_topic). Several bridges that share ztp.requests have one each, and
 * read no other. Each is read from its beginning by a feed of its own, so that
 * one that does not exist, or cannot be read, holds up no other.
 *
 * So many are followed, and no more: one that no open request names gives way to
 * one that an open request names. One thread.
 */
#ifndef ZTP_SERVE_DECISION_TOPICS_H
#define ZTP_SERVE_DECISION_TOPICS_H

#include "tools/common/ask.h"
#include "tools/serve/feed.h"
#include "tools/serve/retention.h"

#define DECISION_TOPICS_MAX 16
#define DECISION_NAMES_MAX  1024
/* How often it is looked for one that may give way. */
#define DECISION_TOPICS_LOOK_MS 1000

struct decision_topic_name {
	struct decision_topic_name *next;
	char text[ZTP_TOPIC_NAME_MAX + 1];
};

struct decision_topic {
	const char *name; /* not owned */
	struct feed *feed;
	struct retention retention; /* of this topic only */
	bool late; /* the rest is ready, and this one is not read yet */
};

struct decision_topics {
	struct decision_topic items[DECISION_TOPICS_MAX];
	int count;
	struct decision_topic_name *names; /* owned: all that were named */
	int name_count;
	struct feed *retired[DECISION_TOPICS_MAX]; /* they are about to end */
	int64_t look_at; /* when to look again for one that may give way */
	bool told_full, told_other;
};

struct decision_topics_user {
	const char *brokers, *group;
	const struct ztp_kafka_props *props;
	rd_kafka_t *client;
	int wake; /* an eventfd, written to when there is something new */
	/* Does an open request name it? */
	bool (*wants)(const void *arg, const char *name);
	const void *arg;
};

/* Begins to read it. False: *error says why. */
bool decision_topics_add(struct decision_topics *topics, const char *name,
			 const struct decision_topics_user *user,
			 struct ztp_error *error);
/* The topic of this request's decision, which lives as long as the list; "": too
 * many have been named, or no memory, and a warning says so. given: the first one
 * is meant for all, and a warning tells of a request that wants another. */
const char *decision_topics_of(struct decision_topics *topics,
			       const struct ztp_ask *ask, bool given);
/* Is it read, or from now on, for that request? If others are in its way, this is
 * only for one that is open: then one of them may end, or a warning says that
 * the request cannot be decided. */
bool decision_topics_follow(struct decision_topics *topics, const char *name,
			    const char *request_id, bool open,
			    const struct decision_topics_user *user);
/* The name that lives as long as the list, of a topic that was named. */
const char *decision_topics_name(const struct decision_topics *topics,
				 const char *name);
/* The first one that has not been read to its end, or NULL. Of several, one that
 * does not exist, or of which nothing comes, does not count. */
const char *decision_topics_unread(const struct decision_topics *topics);
/* The rest is ready: a warning names those that have not been read yet. */
void decision_topics_note_late(struct decision_topics *topics);
/* Is it one of those, still? */
bool decision_topics_is_late(const struct decision_topics *topics,
			     const char *name);
/* Does no broker answer? Of several, one that gets no answer (a partition without
 * a leader) holds up no other: the feeds of requests and results know as well. */
bool decision_topics_away(const struct decision_topics *topics);
/* Takes what Kafka has answered about them, and frees what has ended. */
void decision_topics_turn(struct decision_topics *topics);
/* A request may be open for that long. */
void decision_topics_note(struct decision_topics *topics, int64_t open_ms);
/* Tells the threads to end; waits for them. */
void decision_topics_stop(struct decision_topics *topics);
void decision_topics_clear(struct decision_topics *topics);

#endif
