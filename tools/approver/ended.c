/*
 * A set of request ids, by the first half of their SHA-256: half of it is free,
 * and an id that is not valid is not kept, so nobody can make two of them meet.
 */
#include "tools/approver/ended.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"
#include "ztp/json.h"
#include "ztp/member.h"
#include "ztp/result.h"

#define VALUE_MAX  (1024 * 1024)
#define WAIT_MS	   100
#define FIRST_SIZE 1024
#define KEY	   (ZTP_SHA256_LEN / 2)

struct ended {
	uint8_t (*keys)[KEY]; /* owned; all zero: free */
	size_t size, count;   /* size is a power of two */
};

/* --- the set */

static size_t place(const struct ended *ended, const uint8_t key[KEY])
{
	static const uint8_t none[KEY];
	size_t at;

	memcpy(&at, key, sizeof(at));
	for (at &= ended->size - 1; memcmp(ended->keys[at], none, KEY) != 0 &&
				    memcmp(ended->keys[at], key, KEY) != 0;)
		at = (at + 1) & (ended->size - 1);
	return at;
}

static bool grow(struct ended *ended)
{
	struct ended larger = {.size = 2 * ended->size, .count = ended->count};
	static const uint8_t none[KEY];

	larger.keys = calloc(larger.size, KEY);
	if (!larger.keys)
		return false;
	for (size_t i = 0; i < ended->size; i++)
		if (memcmp(ended->keys[i], none, KEY) != 0)
			memcpy(larger.keys[place(&larger, ended->keys[i])],
			       ended->keys[i], KEY);
	free(ended->keys);
	*ended = larger;
	return true;
}

static void make_key(uint8_t key[KEY], const char *request_id)
{
	uint8_t hash[ZTP_SHA256_LEN];

	ztp_sha256(hash, request_id, strlen(request_id));
	memcpy(key, hash, KEY);
}

static bool has(const struct ended *ended, const char *request_id)
{
	uint8_t key[KEY];

	make_key(key, request_id);
	return memcmp(ended->keys[place(ended, key)], key, KEY) == 0;
}

bool ended_add(struct ended *ended, const char *request_id)
{
	uint8_t key[KEY];

	if (has(ended, request_id))
		return true;
	if (2 * (ended->count + 1) > ended->size && !grow(ended))
		return false;
	make_key(key, request_id);
	memcpy(ended->keys[place(ended, key)], key, KEY);
	ended->count++;
	return true;
}

static struct ended *new_set(void)
{
	struct ended *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->size = FIRST_SIZE;
	made->keys = calloc(made->size, KEY);
	if (made->keys)
		return made;
	free(made);
	return NULL;
}

/* --- the topic */

/* Does this outcome leave its request open? */
static bool leaves_open(const char *outcome)
{
	static const enum ztp_outcome table[] = {ZTP_OUTCOME_UNKNOWN_REQUEST,
						 ZTP_OUTCOME_MISMATCH,
						 ZTP_OUTCOME_INVALID};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(outcome, ztp_outcome_name(table[i])) == 0)
			return true;
	return false;
}

/* A record that cannot be read ends nothing. */
static bool note(struct ended *ended, const rd_kafka_message_t *message)
{
	struct ztp_field fields[] = {{.name = ZTP_M_REQUEST_ID},
				     {.name = ZTP_M_OUTCOME}};
	struct ztp_str text = {message->payload, message->len};
	char id[ZTP_REQUEST_ID_MAX + 1] = "", outcome[64] = "";
	struct ztp_object result;
	bool ok = true;

	if (!text.p ||
	    ztp_object_read(&result, fields, 2, text, VALUE_MAX, NULL) != 0)
		return true;
	if (ztp_object_copy(id, sizeof(id), &result, 0, NULL) == 0 &&
	    ztp_object_copy(outcome, sizeof(outcome), &result, 1, NULL) == 0 &&
	    *id && *outcome && !leaves_open(outcome))
		ok = ended_add(ended, id);
	ztp_object_clear(&result);
	return ok;
}

static int read_topic(struct ended *ended, struct ztp_tail *tail,
		      const struct options *options, int64_t deadline,
		      struct ztp_error *error)
{
	while (!ztp_tail_at_end(tail)) {
		rd_kafka_message_t *message = ztp_tail_next(tail, WAIT_MS);
		bool ok = true;

		if (message) {
			ok = note(ended, message);
			rd_kafka_message_destroy(message);
		}
		if (!ok)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		if (ztp_cli_stopped() ||
		    (deadline && ztp_clock_boot() >= deadline))
			return ztp_fail(error, ZTP_ERR_IO,
					"%s was not read to its end",
					options->results);
		if (ztp_tail_missing(tail)) {
			ztp_cli_warn(PROGRAM,
				     "%s does not exist or may not be read: "
				     "requests that have ended are not known",
				     options->results);
			break;
		}
	}
	return 0;
}

struct ended *ended_load(const struct options *options, int64_t deadline,
			 struct ztp_error *error)
{
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	rd_kafka_t *consumer = ztp_kafka_consumer(options->brokers,
						  &options->props, &how, error);
	struct ztp_tail *tail = NULL;
	struct ended *ended = NULL;
	int rc = -1;

	if (!consumer)
		return NULL;
	tail = ztp_tail_new(consumer, &options->results, 1, true);
	ended = new_set();
	if (!tail || !ended)
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	else
		rc = read_topic(ended, tail, options, deadline, error);
	ztp_tail_free(tail);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	if (rc == 0)
		return ended;
	ended_free(ended);
	return NULL;
}

bool ended_is(const struct ended *ended, const struct ztp_ask *ask,
	      int64_t now_ms)
{
	return (ask->expires_at && ask->expires_at <= now_ms) ||
	       (ended && has(ended, ask->request_id));
}

void ended_free(struct ended *ended)
{
	if (!ended)
		return;
	free(ended->keys);
	free(ended);
}
