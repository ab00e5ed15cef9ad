/*
 * tools/approver/queue.h - the requests that run has taken, in the order of
 * their arrival, until each is done and its offset may be committed.
 */
#ifndef ZTP_APPROVER_QUEUE_H
#define ZTP_APPROVER_QUEUE_H

#include "tools/approver/options.h"

#define QUEUE_DONE_MAX 100000 /* behind one that is not; 64 bytes each */

/* REFUSED: its topic does not take the decision; run_refused.c. */
enum state { WAITING, SENT, REFUSED, DONE };

struct entry {
	struct entry *next;
	enum state state;
	int32_t partition;
	int64_t offset;
	int64_t due; /* ms, ztp_clock_boot */
	bool alone;  /* it was refused for its size, or its batch's */
	const char *verdict;
	char *rule;	     /* owned; NULL: no memory for it */
	struct ztp_ask *ask; /* owned; NULL when it is DONE */
};

struct queue {
	struct entry *first, **last; /* the first; where to append */
	struct entry *undecided;     /* all before it are not WAITING */
	int count;		     /* of what is WAITING or SENT */
	int refused, done;	     /* of what is that */
};

void queue_init(struct queue *queue);
/* Makes a DONE entry at the end. NULL: no memory. */
struct entry *queue_append(struct queue *queue);
/* What is DONE needs its ask no more. */
void queue_set(struct queue *queue, struct entry *entry, enum state state);
void queue_remove(struct queue *queue, struct entry *entry);
/* Removes what is DONE from the head, and adds to list the offsets that may be
 * committed now. */
void queue_settle(struct queue *queue, const char *topic,
		  rd_kafka_topic_partition_list_t *list);
/* Removes what is not SENT of those partitions. */
void queue_give_up(struct queue *queue, const char *topic,
		   const rd_kafka_topic_partition_list_t *partitions);
void queue_clear(struct queue *queue);

#endif
