/*
 * bridge/standby/member_internal.h - shared by member.c (this bridge in the group of
 * bridges) and member_check.c (asking whether it still is).
 */
#ifndef BRIDGE_STANDBY_MEMBER_INTERNAL_H
#define BRIDGE_STANDBY_MEMBER_INTERNAL_H

#include <pthread.h>

#include "bridge/kafka/kafka.h"
#include "bridge/standby/member.h"

/* What a commit has: the positions in all topics, or in one of them. */
enum check_scope { CHECK_ALL, CHECK_STATE, CHECK_JOURNAL, CHECK_DECISIONS };

struct check {
	bool wanted;   /* once more, after the one that is under way */
	bool asked;    /* Kafka has yet to answer */
	int64_t since; /* since when an answer is awaited; 0: it is not */
	int64_t at;    /* when to ask */
	uintptr_t number;
	enum check_scope scope; /* of what is asked */
	/* Of a round in which each topic is asked for by itself: did Kafka take
	 * one of them, and which of them may not be read (1 << scope)? */
	bool taken;
	unsigned denied;
};

struct closing {
	struct core *core;
	rd_kafka_t *rk;
	bool unanswered;
	pthread_t thread;
	bool started;
};

struct member {
	struct core *core;
	struct member_options options;
	rd_kafka_t *rk; /* NULL: has not joined */
	rd_kafka_queue_t *queue;
	char *id;	       /* as Kafka named it at its first assignment */
	bool assigned;	       /* the partition */
	int64_t unheard_since; /* 0: it has one, if an empty one */
	struct check check;
	struct positions positions; /* that the check commits */
	bool lost;		    /* told, and not yet left */
	const char *why_lost;	    /* static */
	bool unanswered;	    /* librdkafka waits for rd_kafka_assign */
	char trouble[256];
	struct member_denial denial;
	struct log_limit errors;
	struct closing closing;
};

/* It is no member any more, and why: static text. */
enum member_news member_lose(struct member *m, const char *why);
/* What Kafka says that keeps it from being a member. */
void member_set_trouble(struct member *m, rd_kafka_resp_err_t err,
			const char *text);

/* There is an assignment again, so that what had to wait for it can be asked. */
void member_check_assigned(struct member *m);
/* The answer to a check has come. */
enum member_news member_check_answered(struct member *m,
				       rd_kafka_event_t *event);
/* is_over: has an answer been awaited for too long? again: asks once more, if it is
 * time. next: when one of the two is due; 0: never. */
bool member_check_is_over(const struct member *m, int64_t now);
void member_check_again(struct member *m, int64_t now);
int64_t member_check_next(const struct member *m);

#endif
