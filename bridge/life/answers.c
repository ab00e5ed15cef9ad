#include "bridge/life/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/cell.h"
#include "bridge/life/contacts.h"
#include "bridge/mqtt/mqtt_out.h"

#define ANSWER_FILTER ZTP_PATH_OF("+") ZTP_APPLIED_SUFFIX

/* Per turn. It reads until it has heard 32 packets, with one more call that
 * reads as many as commands are in flight, and what TLS holds already
 * (bridge/mqtt/mqtt_out.c). None of these is to be dropped. */
#define ANSWERS_MAX 512
#define PATHS	    1024  /* whose answers are counted, by a hash */
#define BURST	    8	  /* answers of one device at once, */
#define REFILL_MS   1000  /* then one in this time */
#define LOG_MS	    10000 /* between two lines about dropped ones */

/* A device has something to say once or twice, so a bucket is enough for what
 * it may say. Two paths with the same hash share one only while neither says
 * much: see admit. */
struct bucket {
	uint64_t hash;
	int64_t full_at; /* steady ms; the bucket is full again */
};

struct answers {
	struct bridge *b;
	struct contacts_answer queue[ANSWERS_MAX];
	int count;
	struct bucket buckets[PATHS];
	struct log_limit dropping;
};

int answers_new(struct answers **out, struct bridge *b, struct ztp_error *error)
{
	struct answers *a = calloc(1, sizeof(*a));

	if (!a)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	a->b = b;
	*out = a;
	return 0;
}

void answers_free(struct answers *a)
{
	free(a);
}

void answers_up(struct answers *a)
{
	bool needed = a->b->core.config->mqtt.delivery_ack == CONFIG_ACK_DEVICE;

	if (mqtt_out_subscribe(a->b->mqtt_out, ANSWER_FILTER, 1, needed) != 0)
		log_warn(a->b->core.log, "mqtt_subscribe_failed",
			 LOG_STR("topic", ANSWER_FILTER));
}

/* --- one device among many */

/* Who makes two paths meet gains nothing by it. */
static uint64_t hash_of(const char *topic)
{
	return ztp_fnv1a(ZTP_FNV1A, topic, strlen(topic));
}

/* A bucket that is not full belongs to the device that emptied it. Another one
 * with the same place is not made to pay, and is not counted. */
static bool admit(struct answers *a, const char *topic)
{
	uint64_t hash = hash_of(topic);
	struct bucket *bucket = &a->buckets[hash % PATHS];
	int64_t now = a->b->core.now;

	if (bucket->full_at <= now)
		*bucket = (struct bucket){hash, now};
	else if (bucket->hash != hash)
		return true;
	if (bucket->full_at - now > (BURST - 1) * REFILL_MS)
		return false;
	bucket->full_at += REFILL_MS;
	return true;
}

static void drop(struct answers *a, const char *topic)
{
	struct bridge *b = a->b;
	uint64_t suppressed;

	b->total.answers[TALLY_ANSWER_DROPPED]++;
	if (log_every(&a->dropping, LOG_MS, b->core.now, &suppressed))
		log_warn(b->core.log, "answers_dropped",
			 LOG_STR("topic", topic),
			 LOG_UINT("suppressed", suppressed));
}

/* --- a message */

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && strcmp(text + len - n, suffix) == 0;
}

bool answers_message(struct answers *a, const char *topic, const char *text,
		     size_t len)
{
	struct contacts_answer *answer = &a->queue[a->count];
	struct ztp_path path;
	struct ztp_error why;
	bool valid;
	size_t n;

	if (!ends_with(topic, ZTP_APPLIED_SUFFIX))
		return false;
	n = strlen(topic) - strlen(ZTP_APPLIED_SUFFIX);
	valid = ztp_path_parse(&path, topic, n, &why) == 0;
	if (valid && !cell_serves(a->b->core.config, topic))
		return true;
	if (!valid || a->count == ANSWERS_MAX || !admit(a, topic)) {
		drop(a, topic);
		return true;
	}
	memcpy(answer->path, topic, n);
	answer->path[n] = '\0';
	*answer->unreadable = '\0';
	if (ztp_applied_parse(&answer->said, text, len, &why) != 0)
		snprintf(answer->unreadable, sizeof(answer->unreadable), "%s",
			 why.message);
	a->count++;
	return true;
}

/* --- the turn */

int answers_apply(struct answers *a, const struct contacts_sender *sender,
		  struct ztp_error *error)
{
	int i, rc = 0;

	for (i = 0; i < a->count && rc == 0; i++)
		rc = contacts_answered(a->b, &a->queue[i], sender, error);
	return rc;
}

void answers_settle(struct answers *a)
{
	a->count = 0;
}
