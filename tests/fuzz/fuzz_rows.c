/*
 * A store whose rows somebody else has written (spoil.h). The store is refused,
 * or every row is read, or refused, and whatever was read is within its
 * bounds.
 */
#include "fuzz.h"

#include <unistd.h>

#include "bridge/store/store.h"
#include "tests/fuzz/spoil.h"

#define PATH "subscriptions/acme/registries/plant-7/devices/pump-42"

static char folder[] = "/tmp/ztp-fuzz-XXXXXX", path[64], good[80];

static void remove_store(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

static void end(void)
{
	remove_store();
	(void)unlink(good);
	(void)rmdir(folder);
}

/* --- a good store, copied for each input */

static void add_rows(struct store *store)
{
	struct store_request r = {.id = "r-1",
				  .path = PATH,
				  .state = ZTP_STATE_REQUESTED,
				  .attempt = 1,
				  .received_at = FUZZ_NOW,
				  .expires_at = FUZZ_NOW + 60000};
	struct store_decision decision = {.by_customer = true,
					  .topic = "ztp.decisions",
					  .offset = 7,
					  .reason = "no"};
	struct ztp_header header = {"a", {"b", 1}};
	struct store_record record = {.topic = STORE_RESULTS,
				      .key = {PATH, sizeof(PATH) - 1},
				      .value = {"{}", 2},
				      .headers = &header,
				      .header_count = 1};
	struct store_landmark landmark = {.offset = 7};
	struct ztp_error error;

	MUST(store_request_add(store, &r, &error) == 0);
	MUST(store_decision_put(store, &r, &decision, &error) == 0);
	MUST(store_request_save(store, &r, &error) == 0);
	memcpy(r.id, "r-2", 4);
	r.state = ZTP_STATE_REJECTED;
	r.finished_at = FUZZ_NOW;
	MUST(store_request_add(store, &r, &error) == 0);
	MUST(store_outbox_add(store, &record, &error) == 0);
	MUST(store_offset_set(store, "ztp.decisions", 0, 8, &landmark,
			      &error) == 0);
	MUST(store_commit(store, FUZZ_NOW, &error) == 0);
}

static void begin(void)
{
	struct store *store = NULL;
	struct ztp_error error;

	MUST(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/store", folder);
	snprintf(good, sizeof(good), "%s/good", folder);
	MUST(atexit(end) == 0);
	MUST(store_open(&store, path, false, &error) == 0);
	add_rows(store);
	store_close(store);
	MUST(rename(path, good) == 0);
}

/* --- reading it */

static int look_at(void *arg, struct store_request *r)
{
	(void)arg;
	MUST(memchr(r->id, '\0', sizeof(r->id)));
	MUST(memchr(r->path, '\0', sizeof(r->path)));
	MUST(memchr(r->channel, '\0', sizeof(r->channel)));
	MUST(memchr(r->traceparent, '\0', sizeof(r->traceparent)));
	MUST(r->state > ZTP_STATE_NONE && r->state < ZTP_STATE_END);
	MUST(*ztp_state_name(r->state));
	return 0;
}

static int look_at_record(void *arg, const struct store_record *record)
{
	static volatile size_t sum; /* or the compiler would not look */
	size_t i, k;

	(void)arg;
	MUST(record->topic > 0 && record->topic < STORE_TOPIC_END);
	for (i = 0; i < record->key.n; i++)
		sum += (size_t)record->key.p[i];
	for (i = 0; i < record->value.n; i++)
		sum += (size_t)record->value.p[i];
	for (i = 0; i < record->header_count; i++) {
		sum += strlen(record->headers[i].name);
		for (k = 0; k < record->headers[i].value.n; k++)
			sum += (size_t)record->headers[i].value.p[k];
	}
	return 0;
}

static int look_at_owed(void *arg, const struct store_owed *owed)
{
	struct store_request r;
	struct ztp_error error;

	if (store_request_by_n(arg, owed->n, &r, &error) == 1)
		look_at(NULL, &r);
	return 0;
}

static void read_requests(struct store *store)
{
	static const struct store_filter all = {.limit = 100};
	struct store_place place = {INT64_MAX, INT64_MAX};
	struct store_request r;
	struct ztp_error error;

	(void)store_list_each(store, 0, 100, &all, look_at, NULL, &error);
	(void)store_newest_each(store, 100, 0, &all, look_at, NULL, &error);
	(void)store_finished_each(store, &place, 100, &all, look_at, NULL,
				  &error);
	(void)store_path_each(store, PATH, look_at, NULL, &error);
	(void)store_due_each(store, true, INT64_MAX, 100, look_at, NULL,
			     &error);
	(void)store_due_each(store, false, INT64_MAX, 100, look_at, NULL,
			     &error);
	(void)store_retry_each(store, true, INT64_MAX, 100, look_at_owed, store,
			       &error);
	(void)store_waiting_each(store, 0, 100, look_at, NULL, &error);
	if (store_request_by_id(store, "r-1", &r, &error) == 1)
		look_at(NULL, &r);
	(void)store_next_due(store, true);
	(void)store_next_retry(store, false);
	(void)store_oldest_undecided(store);
}

static void read_decisions(struct store *store)
{
	struct store_decision decision;
	struct ztp_error error;
	int64_t n;

	for (n = 1; n < 3; n++) {
		struct store_request r = {.n = n,
					  .decision = (INT64_C(1) << 40) + n};

		if (store_decision_get(store, &r, true, &decision, &error) != 1)
			continue;
		MUST(memchr(decision.topic, '\0', sizeof(decision.topic)));
		MUST(memchr(decision.reason, '\0', sizeof(decision.reason)));
		MUST(memchr(decision.message, '\0', sizeof(decision.message)));
		MUST(decision.verdict == ZTP_APPROVE ||
		     decision.verdict == ZTP_REJECT);
		MUST(decision.payload.kind <= ZTP_PAYLOAD_TEXT);
		store_decision_clear(&decision);
	}
}

static void read_all(struct store *store)
{
	struct journal_mark mark;
	struct store_landmark landmark;
	struct ztp_error error;
	int topic;

	store_mark_get(store, &mark);
	(void)store_reanchor(store, &error);
	read_requests(store);
	read_decisions(store);
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		(void)store_outbox_each(store, (enum store_topic)topic, 0, 100,
					look_at_record, NULL, &error);
	(void)store_offset_get(store, "ztp.decisions", 0, &landmark);
	(void)store_absent(store, &error);
	(void)store_evict(store, 0, false, 10, &error);
	(void)store_commit(store, FUZZ_NOW, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store *store = NULL;
	struct ztp_error error = {0};

	if (!*path)
		begin();
	spoil_copy(good, path);
	spoil_rows(path, data, size);
	if (store_open(&store, path, false, &error) == 0)
		read_all(store);
	else
		MUST(error.code != 0 && *error.message);
	store_close(store);
	remove_store();
	return 0;
}
