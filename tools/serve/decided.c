#include "tools/serve/decided.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void position_key(struct key *key, const char *topic, int32_t partition,
		  int64_t offset)
{
	char text[320];
	int n = snprintf(text, sizeof(text), "%.249s %d %lld", topic, partition,
			 (long long)offset);

	key_make(key, 'd', text, (size_t)n);
}

static void forget_oldest(struct decided_list *list)
{
	struct decided *decided = list->oldest;

	list->oldest = decided->newer;
	if (!list->oldest)
		list->newest = NULL;
	list->count--;
	table_remove(&list->by_position, &decided->position);
	if (decided->has_event)
		table_remove(&list->by_event, &decided->event);
	free(decided->result);
	free(decided);
}

struct decided *decided_at(struct decided_list *list,
			   const struct key *position)
{
	struct decided *decided = table_get(&list->by_position, position);

	if (decided)
		return decided;
	if (list->count == DECIDED_MAX)
		forget_oldest(list);
	decided = calloc(1, sizeof(*decided));
	if (!decided || !table_put(&list->by_position, position, decided)) {
		free(decided);
		return NULL;
	}
	decided->position = *position;
	if (list->newest)
		list->newest->newer = decided;
	else
		list->oldest = decided;
	list->newest = decided;
	list->count++;
	return decided;
}

bool decided_name(struct decided_list *list, struct decided *decided,
		  const struct key *event)
{
	if (table_get(&list->by_event, event))
		return true;
	if (!table_put(&list->by_event, event, decided))
		return false;
	decided->event = *event;
	decided->has_event = true;
	return true;
}

bool decided_answer(struct decided *decided, const char *result, size_t len,
		    int code)
{
	char *copy;

	if (decided->result) /* a device's later word is no answer to it */
		return true;
	copy = strndup(result, len);
	if (!copy)
		return false;
	decided->result = copy;
	decided->code = code;
	return true;
}

struct decided *decided_find(const struct decided_list *list,
			     const struct key *event)
{
	return table_get(&list->by_event, event);
}

void decided_clear(struct decided_list *list)
{
	while (list->oldest)
		forget_oldest(list);
	table_clear(&list->by_position);
	table_clear(&list->by_event);
}
