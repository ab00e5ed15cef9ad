#include "tools/serve/book.h"

#include <stdlib.h>
#include <string.h>

#define SLOT sizeof(void *) /* of the list of open ones */

static void id_key(struct key *key, const char *id)
{
	key_make(key, 'r', id, strlen(id));
}

struct request *book_find(const struct book *book, const char *id)
{
	struct key key;

	id_key(&key, id);
	return table_get(&book->by_id, &key);
}

struct request *book_of_path(const struct book *book, const char *path)
{
	struct key key;

	key_make(&key, 'p', path, strlen(path));
	return table_get(&book->by_path, &key);
}

bool request_is_open(const struct request *request, int64_t now_ms)
{
	return request->record && !request->ended && !request->decided &&
	       (!request->expires_at || request->expires_at > now_ms);
}

bool book_full(const struct book *book)
{
	return book->open_count >= BOOK_OPEN_MAX ||
	       book->bytes >= BOOK_BYTES_MAX;
}

/* --- the open ones, in order: the same on every instance, so that a list goes
 * on at another one */

size_t book_after(const struct book *book, const char *id)
{
	size_t low = 0, high = book->open_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(book->open[middle]->id, id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool list(struct book *book, struct request *request)
{
	size_t at = book_after(book, request->id);

	if (book->open_count == book->open_room) {
		size_t room = book->open_room ? 2 * book->open_room : 64;
		struct request **larger = realloc(book->open, room * SLOT);

		if (!larger)
			return false;
		book->open = larger;
		book->open_room = room;
	}
	memmove(book->open + at + 1, book->open + at,
		(book->open_count - at) * SLOT);
	book->open[at] = request;
	book->open_count++;
	return true;
}

static void unlist(struct book *book, struct request *request)
{
	size_t at = book_after(book, request->id);

	if (!request->record)
		return;
	memmove(book->open + at - 1, book->open + at,
		(book->open_count - at) * SLOT);
	book->open_count--;
	book->bytes -= request->record_len;
	free(request->record);
	request->record = NULL;
}

/* --- those of a path */

static void leave_path(struct book *book, struct request *request)
{
	if (request->before)
		request->before->next = request->next;
	else if (request->next) /* replaces, so it needs no memory */
		(void)table_put(&book->by_path, &request->path_key,
				request->next);
	else
		table_remove(&book->by_path, &request->path_key);
	if (request->next)
		request->next->before = request->before;
	request->before = request->next = NULL;
}

static bool join_path(struct book *book, struct request *request)
{
	struct request *first = table_get(&book->by_path, &request->path_key);

	if (!table_put(&book->by_path, &request->path_key, request))
		return false;
	request->next = first;
	if (first)
		first->before = request;
	return true;
}

/* --- one */

static void request_free(struct request *request)
{
	free(request->id);
	free(request->path);
	free(request->record);
	free(request->result);
	free(request);
}

static struct request *add(struct book *book, const char *id, const char *path)
{
	struct request *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->id = strdup(id);
	made->path = strdup(path);
	id_key(&made->key, id);
	key_make(&made->path_key, 'p', path, strlen(path));
	if (made->id && made->path &&
	    table_put(&book->by_id, &made->key, made)) {
		if (join_path(book, made))
			return made;
		table_remove(&book->by_id, &made->key);
	}
	request_free(made);
	return NULL;
}

static void forget_oldest(struct book *book)
{
	struct request *request = book->oldest;

	book->oldest = request->newer;
	if (book->oldest)
		book->oldest->older = NULL;
	else
		book->newest = NULL;
	book->ended_count--;
	leave_path(book, request);
	table_remove(&book->by_id, &request->key);
	request_free(request);
}

/* --- what Kafka says */

bool book_ask(struct book *book, const struct ztp_ask *ask, const char *record,
	      size_t len)
{
	struct request *request = book_find(book, ask->request_id);
	char *copy;

	if (request &&
	    (request->ended || strcmp(request->path, ask->path) != 0))
		return true;
	copy = malloc(len + 1);
	if (!copy)
		return false;
	memcpy(copy, record, len);
	copy[len] = '\0';
	if (!request)
		request = add(book, ask->request_id, ask->path);
	if (!request || (!request->record && !list(book, request))) {
		free(copy);
		return false;
	}
	if (request->record) { /* announced again */
		book->bytes -= request->record_len;
		free(request->record);
	}
	request->record = copy;
	request->record_len = len;
	book->bytes += len;
	request->expires_at = ask->expires_at;
	memcpy(request->fingerprint, ask->fingerprint,
	       sizeof(request->fingerprint));
	return true;
}

static void end(struct book *book, struct request *request)
{
	unlist(book, request);
	leave_path(book, request);
	/* Its path was there a moment ago, or its table has the room. */
	(void)join_path(book, request);
	request->ended = true;
	request->older = book->newest;
	if (book->newest)
		book->newest->newer = request;
	else
		book->oldest = request;
	book->newest = request;
	if (++book->ended_count > BOOK_ENDED_MAX)
		forget_oldest(book);
}

bool book_say(struct book *book, const struct said *said,
	      const struct key *decision)
{
	struct request *request = book_find(book, said->id);
	char *copy;

	if (said->outcome == ZTP_OUTCOME_UNKNOWN_REQUEST)
		return true;
	if (outcome_leaves_open(said->outcome)) {
		if (request && decision &&
		    key_same(decision, &request->decision))
			request->decided = false;
		return true;
	}
	if (!request && !*said->path)
		return true;
	copy = strndup(said->text, said->len);
	if (!request && copy)
		request = add(book, said->id, said->path);
	if (!request || !copy) {
		free(copy);
		return false;
	}
	/* What had no effect says nothing new of a request that has ended. */
	if (request->result && (said->outcome == ZTP_OUTCOME_DUPLICATE ||
				said->outcome == ZTP_OUTCOME_ALREADY_DECIDED)) {
		free(copy);
		return true;
	}
	free(request->result);
	request->result = copy;
	request->outcome = said->outcome;
	if (!request->ended)
		end(book, request);
	return true;
}

void book_decide(struct book *book, const char *id, const struct key *decision)
{
	struct request *request = book_find(book, id);

	if (!request || request->ended)
		return;
	request->decided = true;
	request->decision = *decision;
}

void book_clear(struct book *book)
{
	for (size_t i = 0; i < book->by_id.size; i++)
		if (book->by_id.slots[i].value)
			request_free(book->by_id.slots[i].value);
	table_clear(&book->by_id);
	table_clear(&book->by_path);
	free(book->open);
	*book = (struct book){.open_count = 0};
}
