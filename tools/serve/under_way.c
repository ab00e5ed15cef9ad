#include "tools/serve/under_way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct under_way_list *list, struct under_way *one)
{
	if (one->older)
		one->older->newer = one->newer;
	else
		list->oldest = one->newer;
	if (one->newer)
		one->newer->older = one->older;
	else
		list->newest = one->older;
	table_remove(&list->by_event, &one->event);
	list->count--;
	free(one);
}

/* Kafka has them, but they do not come: perhaps the topic was made anew. What
 * Kafka has not reported on is kept: the report names it. */
static void forget_old(struct under_way_list *list, int64_t now)
{
	while (list->oldest && list->oldest->stored &&
	       list->oldest->since + UNDER_WAY_MS <= now)
		forget(list, list->oldest);
}

/* The producer may put all that are unreported into one batch. */
static void share(struct under_way_list *list, struct under_way *one)
{
	one->shared = list->unreported++ > 0;
	if (list->alone)
		list->alone->shared = true;
	list->alone = one->shared ? NULL : one;
}

static void reported(struct under_way_list *list, const struct under_way *one)
{
	list->unreported--;
	if (list->alone == one)
		list->alone = NULL;
}

struct under_way *under_way_add(struct under_way_list *list,
				const struct key *event,
				const uint8_t digest[ZTP_SHA256_LEN],
				const char *request_id, int64_t now)
{
	struct under_way *one;

	forget_old(list, now);
	one = list->count < UNDER_WAY_MAX ? calloc(1, sizeof(*one)) : NULL;
	if (!one || !table_put(&list->by_event, event, one)) {
		free(one);
		return NULL;
	}
	one->event = *event;
	memcpy(one->digest, digest, sizeof(one->digest));
	(void)snprintf(one->request_id, sizeof(one->request_id), "%s",
		       request_id);
	one->since = now;
	share(list, one);
	one->older = list->newest;
	if (list->newest)
		list->newest->newer = one;
	else
		list->oldest = one;
	list->newest = one;
	list->count++;
	return one;
}

struct under_way *under_way_find(const struct under_way_list *list,
				 const struct key *event)
{
	return table_get(&list->by_event, event);
}

void under_way_stored(struct under_way_list *list, struct under_way *one)
{
	one->stored = true;
	reported(list, one);
	if (one->read)
		forget(list, one);
}

void under_way_read(struct under_way_list *list, const struct key *event)
{
	struct under_way *one = under_way_find(list, event);

	if (!one)
		return;
	one->read = true;
	if (one->stored)
		forget(list, one);
}

void under_way_fail(struct under_way_list *list, struct under_way *one)
{
	reported(list, one);
	forget(list, one);
}

void under_way_clear(struct under_way_list *list)
{
	while (list->oldest)
		forget(list, list->oldest);
	table_clear(&list->by_event);
}
