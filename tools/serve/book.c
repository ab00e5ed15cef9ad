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

static bool has_expired(int64_t expires_at, int64_t now_ms)
{
	return expires_at && expires_at <= now_ms;
}

bool request_is_open(const struct request *request, int64_t now_ms)
{
	return request->record && !request->ended && !request->decided &&
	       !has_expired(request->expires_at, now_ms);
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

static void drop_record(struct book *book, struct request *request)
{
	book->bytes -= request->record_len;
	free(request->record);
	request->record = NULL;
	request->record_len = 0;
}

static void unlist(struct book *book, struct request *request)
{
	size_t at = book_after(book, request->id);

	if (!request->record)
		return;
	memmove(book->open + at - 1, book->open + at,
		(book->open_count - at) * SLOT);
	book->open_count--;
	drop_record(book, request);
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

/* --- those that have ended, in that order; what has lapsed before all others */

static void leave_ended(struct book *book, struct request *request)
{
	if (request->older)
		request->older->newer = request->newer;
	else
		book->oldest = request->newer;
	if (request->newer)
		request->newer->older = request->older;
	else
		book->newest = request->older;
	request->older = request->newer = NULL;
	book->ended_count--;
}

static void join_ended(struct book *book, struct request *request)
{
	request->ended = true;
	request->older = book->newest;
	if (book->newest)
		book->newest->newer = request;
	else
		book->oldest = request;
	book->newest = request;
	book->ended_count++;
}

static void join_lapsed(struct book *book, struct request *request)
{
	request->ended = request->lapsed = true;
	request->outcome = ZTP_OUTCOME_EXPIRED;
	request->newer = book->oldest;
	if (book->oldest)
		book->oldest->older = request;
	else
		book->newest = request;
	book->oldest = request;
	book->ended_count++;
}

static void drop_result(struct book *book, struct request *request)
{
	if (request->result)
		book->told -= strlen(request->result);
	free(request->result);
	request->result = NULL;
}

static void forget_oldest(struct book *book)
{
	struct request *request = book->oldest;

	leave_ended(book, request);
	drop_result(book, request);
	leave_path(book, request);
	table_remove(&book->by_id, &request->key);
	request_free(request);
}

static void forget_beyond(struct book *book)
{
	while (book->ended_count > BOOK_ENDED_MAX ||
	       (book->told > BOOK_TOLD_MAX && book->oldest != book->newest))
		forget_oldest(book);
}

/* --- what Kafka says */

/* The list is gone through once: to take them out one by one would move the
 * rest each time. */
void book_lapse(struct book *book, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < book->open_count; i++) {
		struct request *request = book->open[i];

		if (!has_expired(request->expires_at, now_ms)) {
			book->open[kept++] = request;
			continue;
		}
		drop_record(book, request);
		join_lapsed(book, request);
	}
	book->open_count = kept;
	forget_beyond(book);
}

/* What was decided in another topic is not read by the bridge that asks now. */
static void take(struct request *request, const struct ztp_ask *ask,
		 const char *decisions)
{
	if (request->decisions && strcmp(request->decisions, decisions) != 0)
		request->decided = false;
	request->decisions = decisions;
	request->expires_at = ask->expires_at;
	memcpy(request->fingerprint, ask->fingerprint,
	       sizeof(request->fingerprint));
}

/* It was read after its time, at the start. */
static bool add_lapsed(struct book *book, const struct ztp_ask *ask,
		       const char *decisions)
{
	struct request *request;

	if (book->ended_count >= BOOK_ENDED_MAX)
		return true;
	request = add(book, ask->request_id, ask->path);
	if (!request)
		return false;
	take(request, ask, decisions);
	join_lapsed(book, request);
	return true;
}

bool book_ask(struct book *book, const struct ztp_ask *ask,
	      const char *decisions, const char *record, size_t len,
	      int64_t now_ms)
{
	struct request *request = book_find(book, ask->request_id);
	char *copy;

	if (!request && has_expired(ask->expires_at, now_ms))
		return add_lapsed(book, ask, decisions);

	if (request && strcmp(request->path, ask->path) != 0)
		return true;
	if (request && request->ended) { /* its result was read before it */
		take(request, ask, decisions);
		return true;
	}
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
	if (request->record) /* announced again */
		drop_record(book, request);
	request->record = copy;
	request->record_len = len;
	book->bytes += len;
	take(request, ask, decisions);
	return true;
}

static void end(struct book *book, struct request *request)
{
	unlist(book, request);
	leave_path(book, request);
	/* Its path was there a moment ago, or its table has the room. */
	(void)join_path(book, request);
	if (request->lapsed)
		leave_ended(book, request);
	request->lapsed = false;
	join_ended(book, request);
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
	/* It was decided before. That ends nothing: an approval may still wait
	 * for its device. */
	if (said->outcome == ZTP_OUTCOME_DUPLICATE ||
	    said->outcome == ZTP_OUTCOME_ALREADY_DECIDED) {
		if (request && !request->ended)
			request->decided = true;
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
	drop_result(book, request);
	request->result = copy;
	book->told += strlen(copy);
	request->outcome = said->outcome;
	if (!request->ended || request->lapsed)
		end(book, request);
	forget_beyond(book);
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
