#include "tools/approver/queue.h"

#include <stdlib.h>

void queue_init(struct queue *queue)
{
	*queue = (struct queue){.count = 0};
	queue->last = &queue->first;
}

static int *counter(struct queue *queue, enum state state)
{
	if (state == DONE)
		return &queue->done;
	return state == REFUSED ? &queue->refused : &queue->count;
}

struct entry *queue_append(struct queue *queue)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->state = DONE;
	*queue->last = entry;
	queue->last = &entry->next;
	if (!queue->undecided)
		queue->undecided = entry;
	queue->done++;
	return entry;
}

static void drop(struct entry *entry)
{
	free(entry->rule);
	free(entry->ask);
	entry->rule = NULL;
	entry->ask = NULL;
}

void queue_set(struct queue *queue, struct entry *entry, enum state state)
{
	--*counter(queue, entry->state);
	++*counter(queue, state);
	entry->state = state;
	if (state == DONE)
		drop(entry);
}

void queue_remove(struct queue *queue, struct entry *entry)
{
	struct entry **at = &queue->first;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	if (!entry->next)
		queue->last = at;
	if (queue->undecided == entry)
		queue->undecided = entry->next;
	--*counter(queue, entry->state);
	drop(entry);
	free(entry);
}

/* The last offset of each partition is enough. */
static void note_offset(rd_kafka_topic_partition_list_t *list,
			const char *topic, const struct entry *entry)
{
	rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(
		list, topic, entry->partition);

	if (!at)
		at = rd_kafka_topic_partition_list_add(list, topic,
						       entry->partition);
	at->offset = entry->offset + 1;
}

void queue_settle(struct queue *queue, const char *topic,
		  rd_kafka_topic_partition_list_t *list)
{
	struct entry *head;

	while ((head = queue->first) && head->state == DONE) {
		note_offset(list, topic, head);
		queue_remove(queue, head);
	}
}

static bool in_list(const rd_kafka_topic_partition_list_t *list,
		    const char *topic, int32_t partition)
{
	return rd_kafka_topic_partition_list_find(
		       (rd_kafka_topic_partition_list_t *)(uintptr_t)list,
		       topic, partition) != NULL;
}

void queue_give_up(struct queue *queue, const char *topic,
		   const rd_kafka_topic_partition_list_t *partitions)
{
	struct entry *entry, *next;

	for (entry = queue->first; entry; entry = next) {
		next = entry->next;
		/* The delivery report of a SENT entry still points to it. */
		if (entry->state != SENT &&
		    in_list(partitions, topic, entry->partition))
			queue_remove(queue, entry);
	}
}

void queue_clear(struct queue *queue)
{
	while (queue->first)
		queue_remove(queue, queue->first);
}
