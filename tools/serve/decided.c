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

static void drop_result(struct decided_list *list, struct decided *decided)
{
	if (decided->result)
		list->bytes -= strlen(decided->result);
	free(decided->result);
	decided->result = NULL;
}

static void drop_event(struct decided_list *list, struct decided *decided)
{
	if (decided->has_event)
		table_remove(&list->by_event, &decided->event);
	decided->has_event = false;
}

static void request_key(struct key *key, const char *id)
{
	key_make(key, 'r', id, strlen(id));
}

static void leave_request(struct decided_list *list,
			  const struct decided *decided)
{
	struct key key;

	request_key(&key, decided->request_id);
	if (table_get(&list->by_request, &key) == decided)
		table_remove(&list->by_request, &key);
}

static bool join_request(struct decided_list *list, struct decided *decided)
{
	struct key key;

	request_key(&key, decided->request_id);
	return table_put(&list->by_request, &key, decided);
}

static void forget_oldest(struct decided_list *list)
{
	struct decided *decided = list->oldest;

	list->oldest = decided->newer;
	if (!list->oldest)
		list->newest = NULL;
	list->count--;
	table_remove(&list->by_position, &decided->position);
	leave_request(list, decided);
	drop_event(list, decided);
	drop_result(list, decided);
	free(decided);
}

/* At the start all results are read before the decisions: the old ones of these
 * must not push out what is known of the newest. */
static bool is_too_old(const struct decided_list *list, int64_t at)
{
	return !list->running && list->count == DECIDED_MAX && at > 0 &&
	       at < list->oldest->at;
}

static struct decided *add(struct decided_list *list,
			   const struct key *position, int64_t at)
{
	struct decided *decided;

	if (list->count == DECIDED_MAX)
		forget_oldest(list);
	decided = calloc(1, sizeof(*decided));
	if (!decided || !table_put(&list->by_position, position, decided)) {
		free(decided);
		return NULL;
	}
	decided->position = *position;
	decided->at = at;
	if (list->newest)
		list->newest->newer = decided;
	else
		list->oldest = decided;
	list->newest = decided;
	list->count++;
	return decided;
}

/* The decision at that position, made if it is not there. False: no memory.
 * *decided: NULL if it is too old. */
static bool at_position(struct decided **decided, struct decided_list *list,
			const struct key *position, int64_t at)
{
	*decided = table_get(&list->by_position, position);
	if (*decided || is_too_old(list, at))
		return true;
	*decided = add(list, position, at);
	return *decided != NULL;
}

/* --- records */

static bool same_record(const struct decided *decided,
			const struct decided_record *record)
{
	return decided->at == record->at &&
	       memcmp(decided->digest, record->digest, ZTP_SHA256_LEN) == 0 &&
	       strcmp(decided->request_id, record->request_id) == 0;
}

static bool came_before(int64_t answered, int64_t decided)
{
	return answered > 0 && decided > 0 &&
	       answered + DECIDED_SKEW_MS < decided;
}

/* What is known of the one that stood there before is not true of this one. */
static void make_room(struct decided_list *list, struct decided *decided,
		      const struct decided_record *record)
{
	bool anew = decided->read && !same_record(decided, record);

	if (anew)
		drop_event(list, decided);
	if (anew || strcmp(decided->request_id, record->request_id) != 0 ||
	    came_before(decided->answered, record->at))
		drop_result(list, decided);
}

/* The first one keeps it, unless its request has gone to another topic since, and
 * it has no result: then this one is the first there. */
static bool name(struct decided_list *list, struct decided *decided,
		 const struct key *event)
{
	struct decided *first = table_get(&list->by_event, event);

	if (first &&
	    (first->result || strcmp(first->topic, decided->topic) == 0))
		return true;
	if (!table_put(&list->by_event, event, decided))
		return false;
	if (first)
		first->has_event = false;
	decided->event = *event;
	decided->has_event = true;
	return true;
}

static void set_id(struct decided *decided, const char *id)
{
	(void)snprintf(decided->request_id, sizeof(decided->request_id), "%s",
		       id);
}

bool decided_read(struct decided **decided, struct decided_list *list,
		  const struct key *position,
		  const struct decided_record *record)
{
	struct decided *found;

	if (!at_position(decided, list, position, record->at))
		return false;
	found = *decided;
	if (!found)
		return true;
	make_room(list, found, record);
	leave_request(list, found);
	found->read = true;
	found->topic = record->topic;
	found->at = record->at;
	memcpy(found->digest, record->digest, sizeof(found->digest));
	set_id(found, record->request_id);
	if (record->stray)
		return true;
	if (decided_stands(found) && !join_request(list, found))
		return false;
	return !record->event || found->has_event ||
	       name(list, found, record->event);
}

/* --- results */

static bool is_its(const struct decided *decided,
		   const struct decided_result *result)
{
	return !decided->read ||
	       (strcmp(decided->request_id, result->request_id) == 0 &&
		!came_before(result->at, decided->at));
}

bool decided_answer(struct decided **decided, struct decided_list *list,
		    const struct key *position,
		    const struct decided_result *result)
{
	struct decided *found;

	if (!at_position(decided, list, position, result->at))
		return false;
	found = *decided;
	if (!found)
		return true;
	if (!is_its(found, result)) {
		*decided = NULL;
		return true;
	}
	if (found->result && strcmp(found->request_id, result->request_id) != 0)
		drop_result(list, found);
	if (found->result) /* a device's later word is no answer to it */
		return true;
	found->result = strndup(result->text, result->len);
	if (!found->result)
		return false;
	list->bytes += strlen(found->result);
	found->code = result->code;
	found->answered = result->at;
	set_id(found, result->request_id);
	while (list->bytes > DECIDED_BYTES_MAX && list->oldest != found)
		forget_oldest(list);
	return true;
}

struct decided *decided_find(const struct decided_list *list,
			     const struct key *event)
{
	return table_get(&list->by_event, event);
}

bool decided_stands(const struct decided *decided)
{
	return !decided->result || decided->code != 400;
}

struct decided *decided_about(const struct decided_list *list, const char *id)
{
	struct key key;

	request_key(&key, id);
	return table_get(&list->by_request, &key);
}

void decided_clear(struct decided_list *list)
{
	while (list->oldest)
		forget_oldest(list);
	table_clear(&list->by_position);
	table_clear(&list->by_event);
	table_clear(&list->by_request);
}
