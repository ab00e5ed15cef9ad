#include "bridge/ledger/turns.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/core/batching.h"
#include "bridge/kafka/record_bounds.h"
#include "bridge/store/store_state.h"
#include "ztp/codec.h"
#include "ztp/event.h"

#define TURNS_MAX    BATCHING_SHARED_TURN_MAX /* requests announced in one */
#define APART_MAX    64 /* entries in a turn whose records go one by one */
#define IDENTITY_LEN ZTP_SHA256_LEN

struct turns {
	struct ledger ledger; /* first */
	struct core *core;
	struct copy *copy;
	struct turn *turn;
	struct producer_user user;
	int64_t began, committed_began;
	/* Requests that this turn announces, by their numbers, and those of the
	 * turn that was committed last, at that time (steady ms). */
	int64_t *announced, *asked;
	int announced_count, asked_count;
	int64_t asked_at;
	/* The identity of each of the turn's records, by its place. */
	uint8_t (*identities)[IDENTITY_LEN];
	int count, room;
	size_t bytes; /* of the turn's records */
	int size;     /* of the turn that was sent last: records and rows */
	/* Of the records that Kafka has refused since the last commit. */
	struct refused {
		uint8_t identity[IDENTITY_LEN];
		struct ztp_error why;
	} * refused;
	int refused_count, refused_room;
	int limit;  /* entries that a turn takes */
	bool apart; /* the turn's records went one by one */
	bool gap;   /* the turn before this one had a record that was refused */
};

/* --- what a record is known by. What it says of the time is not part of it, nor is
 * the hash of a record with a time in it, which a dead letter has. */

static size_t length(const struct ztp_str *text)
{
	return text->p ? text->n : 0;
}

/* With its length in front, so that no two records have the same parts. */
static void add(struct ztp_sha256 *hash, const char *p, size_t n)
{
	ztp_sha256_add(hash, &n, sizeof(n));
	ztp_sha256_add(hash, p, n);
}

/* A record with an id says the same whenever it is made. */
static bool has_id(const struct store_record *record)
{
	return ztp_header_get(record->headers, record->header_count,
			      ZTP_CE_HEADER("id"))
		       .p != NULL;
}

static bool is_hash(const struct store_record *record,
		    const struct ztp_str *text)
{
	struct ztp_str hash = ztp_header_get(
		record->headers, record->header_count, RECORD_SHA256);

	return hash.p && has_id(record) && hash.n == length(text) &&
	       memcmp(hash.p, text->p, hash.n) == 0;
}

static void identify(uint8_t identity[IDENTITY_LEN],
		     const struct store_record *record)
{
	const uint8_t about[] = {(uint8_t)record->topic, record->key.p != NULL};
	struct ztp_sha256 hash;
	size_t i;

	ztp_sha256_begin(&hash);
	ztp_sha256_add(&hash, about, sizeof(about));
	if (!is_hash(record, &record->key))
		add(&hash, record->key.p, length(&record->key));
	for (i = 0; i < record->header_count; i++) {
		const struct ztp_header *header = &record->headers[i];

		if (strcmp(header->name, ZTP_CE_HEADER("time")) == 0 ||
		    is_hash(record, &header->value))
			continue;
		add(&hash, header->name, strlen(header->name));
		add(&hash, header->value.p, header->value.n);
	}
	if (!has_id(record) || record->topic == STORE_DLQ)
		add(&hash, record->value.p, length(&record->value));
	ztp_sha256_end(&hash, identity);
}

static const struct refused *find_refused(const struct turns *turns,
					  const uint8_t identity[IDENTITY_LEN])
{
	int i;

	for (i = 0; i < turns->refused_count; i++)
		if (memcmp(turns->refused[i].identity, identity,
			   IDENTITY_LEN) == 0)
			return &turns->refused[i];
	return NULL;
}

/* NULL: no memory. */
static struct refused *add_refused(struct turns *turns)
{
	int room = turns->refused_room ? 2 * turns->refused_room : 16;
	struct refused *grown;

	if (turns->refused_count == turns->refused_room) {
		grown = realloc(turns->refused, (size_t)room * sizeof(*grown));
		if (!grown)
			return NULL;
		turns->refused = grown;
		turns->refused_room = room;
	}
	return &turns->refused[turns->refused_count++];
}

/* --- writing */

static bool has_room(struct turns *turns)
{
	int room = turns->room ? 2 * turns->room : 256;
	void *grown;

	if (turns->count < turns->room)
		return true;
	grown = realloc(turns->identities, (size_t)room * IDENTITY_LEN);
	if (!grown)
		return false;
	turns->identities = grown;
	turns->room = room;
	return true;
}

static int write_record(struct ledger *ledger, struct store_record *record,
			const struct journal_mark *from,
			struct ztp_error *error)
{
	struct turns *turns = (struct turns *)ledger;
	const struct refused *refused;
	int rc;

	(void)from;
	if (!has_room(turns))
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	identify(turns->identities[turns->count], record);
	refused = find_refused(turns, turns->identities[turns->count]);
	if (refused)
		return turns->user.refused(turns->user.arg, record,
					   &refused->why, error);
	rc = turn_add_record(turns->turn, record, error);
	if (rc != 0)
		return rc;
	turns->count++;
	turns->bytes += length(&record->key) + length(&record->value);
	if (record->topic == STORE_REQUESTS && record->request &&
	    turns->announced_count < TURNS_MAX)
		turns->announced[turns->announced_count++] = record->request;
	return 0;
}

static bool is_full(const struct ledger *ledger, bool *soon)
{
	const struct turns *turns = (const struct turns *)ledger;

	*soon = turns->announced_count >= TURNS_MAX ||
		turns->bytes >= BATCHING_SHARED_TURN_BYTES;
	return *soon;
}

/* --- from start to end */

int turns_new(struct turns **out, struct core *core, struct copy *copy,
	      struct turn *turn, const struct producer_user *user,
	      struct ztp_error *error)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (turns) {
		turns->announced = calloc(TURNS_MAX, sizeof(int64_t));
		turns->asked = calloc(TURNS_MAX, sizeof(int64_t));
	}
	if (!turns || !turns->announced || !turns->asked) {
		turns_free(turns);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	turns->ledger = (struct ledger){write_record, is_full};
	turns->core = core;
	turns->copy = copy;
	turns->turn = turn;
	turns->user = *user;
	turns->limit = BATCHING_SHARED_TURN_MAX;
	*out = turns;
	return 0;
}

void turns_free(struct turns *turns)
{
	if (!turns)
		return;
	free(turns->announced);
	free(turns->asked);
	free(turns->identities);
	free(turns->refused);
	free(turns);
}

struct ledger *turns_ledger(struct turns *turns)
{
	return &turns->ledger;
}

int64_t turns_began(const struct turns *turns)
{
	return turns->committed_began;
}

int turns_max(const struct turns *turns)
{
	return turns->limit;
}

int64_t turns_pace(const struct turns *turns)
{
	int64_t ms = (int64_t)turns->size * BATCHING_SHARED_ENTRY_MS;

	return turns->committed_began +
	       (ms < BATCHING_SHARED_PACE_MS ? ms : BATCHING_SHARED_PACE_MS);
}

/* --- a turn */

static void forget(struct turns *turns)
{
	turns->count = turns->announced_count = 0;
	turns->bytes = 0;
}

void turns_rollback(struct turns *turns)
{
	turn_forget(turns->turn, 0);
	forget(turns);
}

/* Behind the numbers that are in a row from n[first] on. New requests have such
 * numbers, and are told as one: the store's statement for several writes a journal
 * of its own, whose cost grows with what the turn has changed so far. */
static int row_end(const int64_t *n, int count, int first)
{
	int next = first + 1;

	while (next < count && n[next] == n[next - 1] + 1)
		next++;
	return next;
}

/* Announcing a request again does not change it. */
static int say_announced(struct turns *turns, struct ztp_error *error)
{
	const int64_t *n = turns->announced;
	int first, next, rc = 0;

	for (first = 0; first < turns->announced_count && rc == 0;
	     first = next) {
		next = row_end(n, turns->announced_count, first);
		rc = turns->user.announced(turns->user.arg, n[first],
					   n[next - 1], error);
	}
	return rc;
}

int turns_unask(struct turns *turns, struct ztp_error *error)
{
	struct store *store = copy_store(turns->copy);
	int64_t due = store_next_due(store, true);
	const int64_t *n = turns->asked;
	int first, next, rc = 0;

	if (due == 0 || due > turns->asked_at)
		return 0;
	for (first = 0; first < turns->asked_count && rc == 0; first = next) {
		next = row_end(n, turns->asked_count, first);
		rc = store_request_unasked(
			store,
			&(struct store_late){.first = n[first],
					     .last = n[next - 1],
					     .until = turns->asked_at,
					     .took = INT64_MAX},
			error);
	}
	return rc;
}

bool turns_under_way(const struct turns *turns)
{
	return turn_under_way(turns->turn);
}

int turns_send(struct turns *turns, struct ztp_error *error)
{
	struct store *store = copy_store(turns->copy);
	int rc = say_announced(turns, error);

	if (rc != 0)
		return rc;
	if (!store_state_changed(store) && turns->count == 0) {
		rc = store_commit(store, 0, error);
		return rc == 0 ? 1 : rc;
	}
	store_newest_put(store, turns->core->now);
	rc = store_state_changes(store, turn_add_row, turns->turn, error);
	if (rc != 0)
		return rc;
	turns->began = ztp_clock_boot();
	turns->size = turn_count(turns->turn);
	turns->apart = turns->limit <= APART_MAX;
	turn_send(turns->turn, turns->apart);
	return 0;
}

/* --- what has become of it */

static void keep_asked(struct turns *turns)
{
	int64_t *kept = turns->asked;

	turns->asked = turns->announced;
	turns->asked_count = turns->announced_count;
	turns->asked_at = ztp_clock_steady(&turns->core->clock);
	turns->announced = kept;
}

/* Each record that Kafka refuses costs a turn, and until one is committed nothing
 * is told. So a turn that is done again has half as many entries, down to one,
 * which has few records. */
static void take_less(struct turns *turns)
{
	if (turns->count < turns->limit)
		turns->limit = turns->count;
	turns->limit = turns->limit > 1 ? turns->limit / 2 : 1;
}

/* Where one is refused, there may be more. */
static void take_more(struct turns *turns)
{
	if (turns->refused_count == 0)
		turns->limit *= 2;
	if (turns->limit > BATCHING_SHARED_TURN_MAX)
		turns->limit = BATCHING_SHARED_TURN_MAX;
	turns->refused_count = 0;
	turns->gap = false;
}

static enum turns_end on_committed(struct turns *turns,
				   struct turn_result *result)
{
	struct store *store = copy_store(turns->copy);

	take_more(turns);
	if (copy_check_wrote(turns->copy, result, &result->why) != 0)
		return TURNS_OVER;
	if (result->next)
		turns->committed_began = turns->began;
	/* Kafka has the turn and the store does not: it is read again. */
	if (store_commit(store, 0, &result->why) != 0)
		return TURNS_OVER;
	if (result->next)
		copy_wrote(turns->copy, result);
	keep_asked(turns);
	return TURNS_COMMITTED;
}

/* Of several that were sent together it is not known which one is at fault: a
 * smaller turn sends them one by one. */
static enum turns_end on_refused(struct turns *turns,
				 const struct turn_result *result)
{
	struct refused *refused;

	take_less(turns);
	turns->gap = true;
	if (result->refused_count > 1 && !turns->apart)
		return TURNS_AGAIN;
	/* Records come before rows, which Kafka has no reason to refuse. */
	refused = result->refused < turns->count ? add_refused(turns) : NULL;
	if (!refused)
		return TURNS_LATER;
	memcpy(refused->identity, turns->identities[result->refused],
	       IDENTITY_LEN);
	refused->why = result->why;
	return TURNS_AGAIN;
}

/* A record that was refused leaves librdkafka with a gap in its numbers, for which
 * Kafka refuses the turn after it, once. */
static enum turns_end on_aborted(struct turns *turns)
{
	bool gap = turns->gap;

	turns->gap = false;
	return gap ? TURNS_AGAIN : TURNS_LATER;
}

static enum turns_end judge(struct turns *turns, struct turn_result *result)
{
	switch (result->outcome) {
	case TURN_COMMITTED:
		return on_committed(turns, result);
	case TURN_REFUSED:
		return on_refused(turns, result);
	case TURN_ABORTED:
		return on_aborted(turns);
	default:
		return TURNS_OVER;
	}
}

enum turns_end turns_take(struct turns *turns, struct turn_result *result)
{
	enum turns_end end;

	if (!turn_take(turns->turn, result))
		return TURNS_UNDER_WAY;
	end = judge(turns, result);
	forget(turns);
	return end;
}
