/*
 * A turn as a transaction: what it consists of, and the thread that sends it.
 *
 * `lock` guards what the two threads tell each other: the order, and that it has
 * been carried out. The entries belong to the loop, but while an order is under
 * way to the thread. The delivery callback runs in that thread as well.
 */
#include "bridge/kafka/turn.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/kafka/turn_internal.h"

enum order { NOTHING, OPEN, SEND, QUIT };

struct turn {
	struct turn_handle handle;
	char *id, *topic;
	pthread_t thread;
	bool started;

	struct turn_entry **entries;
	int count, room;
	bool apart;	/* see turn_send */
	int64_t at;	/* see turn_send_at; TURN_ANYWHERE */
	bool under_way; /* for the loop: it has not taken the result */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	int wake_fd;
	enum order order;
	bool done;
	struct turn_result result;
};

const char *turn_outcome_name(enum turn_outcome outcome)
{
	static const char *const names[TURN_OUTCOMES] = {
#define X(name, text) [TURN_##name] = (text),
		TURN_OUTCOME_LIST(X)
#undef X
	};

	return names[outcome];
}

/* --- the thread */

static enum order next_order(struct turn *turn)
{
	enum order order;

	pthread_mutex_lock(&turn->lock);
	while (turn->order == NOTHING)
		pthread_cond_wait(&turn->changed, &turn->lock);
	order = turn->order;
	if (order != QUIT)
		turn->order = NOTHING;
	pthread_mutex_unlock(&turn->lock);
	return order;
}

/* The loop may close its eventfd as soon as it has the result, so it is written
 * with the lock held. A write fails if the counter is full; then the loop is
 * awake. */
static void tell(struct turn *turn, const struct turn_result *result)
{
	uint64_t one = 1;
	ssize_t n = 0;

	pthread_mutex_lock(&turn->lock);
	turn->result = *result;
	turn->done = true;
	if (turn->wake_fd >= 0)
		n = write(turn->wake_fd, &one, sizeof(one));
	(void)n;
	pthread_mutex_unlock(&turn->lock);
}

static void *run(void *arg)
{
	struct turn *turn = arg;
	enum order order;

	while ((order = next_order(turn)) != QUIT) {
		struct turn_result result = {.outcome = TURN_FAILED};

		if (order == OPEN)
			turn_handle_open(&turn->handle, &result);
		else
			turn_handle_send(&turn->handle, turn->entries,
					 turn->count, turn->apart, turn->at,
					 &result);
		tell(turn, &result);
	}
	turn_handle_close(&turn->handle);
	return NULL;
}

/* --- from one thread to the other */

static void give(struct turn *turn, enum order order)
{
	turn->handle.dropped = false;
	pthread_mutex_lock(&turn->lock);
	turn->order = order;
	turn->done = false;
	pthread_cond_signal(&turn->changed);
	pthread_mutex_unlock(&turn->lock);
}

void turn_open(struct turn *turn)
{
	turn->under_way = true;
	give(turn, OPEN);
}

static void give_turn(struct turn *turn, bool apart, int64_t at)
{
	turn->apart = apart;
	turn->at = at;
	turn->under_way = true;
	give(turn, SEND);
}

void turn_send(struct turn *turn, bool apart)
{
	give_turn(turn, apart, TURN_ANYWHERE);
}

void turn_send_at(struct turn *turn, int64_t first)
{
	give_turn(turn, false, first);
}

bool turn_under_way(const struct turn *turn)
{
	return turn->under_way;
}

void turn_drop(struct turn *turn)
{
	turn->handle.dropped = turn->under_way;
}

bool turn_take(struct turn *turn, struct turn_result *result)
{
	bool done;

	pthread_mutex_lock(&turn->lock);
	done = turn->under_way && turn->done;
	if (done)
		*result = turn->result;
	pthread_mutex_unlock(&turn->lock);
	if (!done)
		return false;
	turn->under_way = false;
	turn_forget(turn, 0);
	return true;
}

void turn_wake(struct turn *turn, int wake_fd)
{
	pthread_mutex_lock(&turn->lock);
	turn->wake_fd = wake_fd;
	pthread_mutex_unlock(&turn->lock);
}

/* --- what it consists of */

static void entry_free(struct turn_entry *entry)
{
	if (!entry)
		return;
	if (entry->headers)
		rd_kafka_headers_destroy(entry->headers);
	free(entry->bytes);
	free(entry);
}

static struct turn_entry *entry_new(enum store_topic topic, struct ztp_str key,
				    struct ztp_str value, size_t headers)
{
	struct turn_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->topic = topic;
	entry->has_key = key.p != NULL;
	entry->has_value = value.p != NULL;
	entry->key_len = key.p ? key.n : 0;
	entry->value_len = value.p ? value.n : 0;
	entry->bytes = malloc(entry->key_len + entry->value_len + 1);
	if (headers > 0)
		entry->headers = rd_kafka_headers_new(headers);
	if (!entry->bytes || (headers > 0 && !entry->headers)) {
		entry_free(entry);
		return NULL;
	}
	if (entry->key_len > 0)
		memcpy(entry->bytes, key.p, key.n);
	if (entry->value_len > 0)
		memcpy(entry->bytes + entry->key_len, value.p, value.n);
	return entry;
}

static bool add_header(struct turn_entry *entry, const char *name,
		       const char *p, size_t n)
{
	return rd_kafka_header_add(entry->headers, name, -1, p, (ssize_t)n) ==
	       RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Takes the entry; NULL: there was no memory for it. */
static int add(struct turn *turn, struct turn_entry *entry,
	       struct ztp_error *error)
{
	struct turn_entry **grown = turn->entries;
	int room = turn->room;

	if (entry && turn->count == room) {
		room = room ? 2 * room : 64;
		grown = realloc(grown,
				(size_t)room * sizeof(struct turn_entry *));
	}
	if (!entry || !grown) {
		entry_free(entry);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	turn->entries = grown;
	turn->room = room;
	turn->entries[turn->count++] = entry;
	return 0;
}

int turn_add_record(struct turn *turn, const struct store_record *record,
		    struct ztp_error *error)
{
	struct turn_entry *entry =
		entry_new(record->topic, record->key, record->value,
			  record->header_count);
	bool ok = entry != NULL;
	size_t i;

	for (i = 0; i < record->header_count && ok; i++)
		ok = add_header(entry, record->headers[i].name,
				record->headers[i].value.p,
				record->headers[i].value.n);
	if (!ok) {
		entry_free(entry);
		entry = NULL;
	}
	return add(turn, entry, error);
}

int turn_add_row(void *arg, const struct store_state_row *row,
		 struct ztp_error *error)
{
	bool numbered = row->row != 0;
	struct turn_entry *entry =
		entry_new(TURN_STATE, row->key, row->value, numbered);
	char number[24];

	if (entry && numbered) {
		int n = snprintf(number, sizeof(number), "%lld",
				 (long long)row->row);

		if (!add_header(entry, STATE_ROW_HEADER, number, (size_t)n)) {
			entry_free(entry);
			entry = NULL;
		}
	}
	return add(arg, entry, error);
}

void turn_forget(struct turn *turn, int from)
{
	while (turn->count > from)
		entry_free(turn->entries[--turn->count]);
}

int turn_count(const struct turn *turn)
{
	return turn->count;
}

/* --- from start to end */

static int start(struct turn *turn, struct ztp_error *error)
{
	turn->started = pthread_create(&turn->thread, NULL, run, turn) == 0;
	return turn->started ? 0
			     : ztp_fail(error, ZTP_ERR_INTERNAL,
					"cannot start a thread");
}

int turn_new(struct turn **out, struct core *core,
	     const struct turn_options *options, struct ztp_error *error)
{
	struct turn *turn = calloc(1, sizeof(*turn));
	int rc;

	if (!turn)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	pthread_mutex_init(&turn->lock, NULL);
	pthread_cond_init(&turn->changed, NULL);
	turn->id = strdup(options->id);
	turn->topic = strdup(options->topic);
	turn->wake_fd = options->wake_fd;
	turn->handle = (struct turn_handle){.core = core,
					    .id = turn->id,
					    .state_topic = turn->topic,
					    .timeout_ms = options->timeout_ms};
	rc = turn->id && turn->topic
		     ? start(turn, error)
		     : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc != 0) {
		turn_free(turn);
		return rc;
	}
	*out = turn;
	return 0;
}

void turn_free(struct turn *turn)
{
	if (!turn)
		return;
	if (turn->started) {
		turn->handle.quit = true;
		give(turn, QUIT);
		pthread_join(turn->thread, NULL);
	}
	turn_forget(turn, 0);
	pthread_cond_destroy(&turn->changed);
	pthread_mutex_destroy(&turn->lock);
	free(turn->entries);
	free(turn->id);
	free(turn->topic);
	free(turn);
}
