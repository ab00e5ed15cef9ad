/*
 * Handles a record that Kafka or librdkafka will never accept. Mostly this is
 * because of its size: a property set by the operator or a topic's limit is
 * smaller than the record. Only this record is lost. A dead letter is written
 * again without its value, then with nothing but our own headers. For any other
 * record a dead letter reports that it was not sent.
 */
#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/record_bounds.h"
#include "bridge/ledger/ledger.h"
#include "bridge/life/records.h"

#define KEYLESS_MS 60000

static const struct {
	const char *stage;
	enum tally_dlq metric;
} stages[STORE_TOPIC_END] = {
	[STORE_REQUESTS] = {"request", TALLY_DLQ_REQUEST},
	[STORE_RESULTS] = {"result", TALLY_DLQ_RESULT},
	[STORE_AUDIT] = {"audit", TALLY_DLQ_AUDIT},
};

static size_t add_identity(struct ztp_header *headers,
			   struct record_identity *identity,
			   const struct store_record *old)
{
	uint8_t sha256[ZTP_SHA256_LEN];

	ztp_sha256(sha256, old->value.p, old->value.n);
	return record_identity(headers, identity, sha256,
			       (int64_t)old->value.n);
}

/* --- dead letters */

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_ours(const char *name)
{
	return begins(name, ZTP_DEAD_HEADER("")) ||
	       begins(name, RECORD_HEADER(""));
}

static int give_up(struct bridge *b, const struct store_record *old,
		   const struct ztp_error *why)
{
	records_drop(b, old->topic, why);
	return 0;
}

/* Writes the dead letter again without its value or, if it has none, without
 * everything that is not ours. If not its size is at fault, a key may be missing
 * (the topic is compacted): the original's hash becomes the key. */
static int shrink_dead(struct bridge *b, const struct store_record *old,
		       const struct ztp_error *why, struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX] = {0};
	struct store_record record = {.topic = STORE_DLQ};
	bool again = old->value.n == 0;
	bool keyless = why->code != ZTP_ERR_TOO_LARGE && !old->key.p;
	struct record_identity identity;
	size_t i, n = 0;

	if (!again)
		record.key = old->key;
	else if (why->code != ZTP_ERR_TOO_LARGE && old->key.p)
		return give_up(b, old, why);
	for (i = 0; i < old->header_count && n < ZTP_HEADERS_MAX - 2; i++)
		if (!again || is_ours(old->headers[i].name))
			headers[n++] = old->headers[i];
	if (again && n == old->header_count && !old->key.p && !keyless)
		return give_up(b, old, why);
	if (!ztp_header_get(headers, n, RECORD_SHA256).p)
		n += add_identity(headers + n, &identity, old);
	if (keyless)
		record.key = ztp_header_get(headers, n, RECORD_SHA256);
	record.value = (struct ztp_str){"", 0};
	record.headers = headers;
	record.header_count = n;
	return ledger_write(b->ledger, &record, NULL, error);
}

/* --- other records */

static int dead_letter(struct bridge *b, const struct store_record *old,
		       const struct ztp_error *why, struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_DLQ, .key = old->key};
	struct ztp_dead dead = {
		.topic = kafka_topic(&b->core, old->topic),
		.partition = -1,
		.offset = -1,
		.stage = stages[old->topic].stage,
		.why = *why,
	};
	struct record_identity identity;
	char scratch[64];
	size_t n, i;

	n = ztp_dead_headers(headers, scratch, &dead);
	n += add_identity(headers + n, &identity, old);
	/* The CloudEvent headers say which request it was about, and
	 * what it was. */
	for (i = 0; i < old->header_count && n < ZTP_HEADERS_MAX; i++)
		if (begins(old->headers[i].name, ZTP_CE_HEADER("")))
			headers[n++] = old->headers[i];
	record.value = (struct ztp_str){"", 0};
	record.headers = headers;
	record.header_count = n;
	return records_dead(b, &record, stages[old->topic].metric, error);
}

static void log_refused(const struct bridge *b,
			const struct store_record *record,
			const struct ztp_error *why)
{
	log_warn(b->core.log,
		 why->code == ZTP_ERR_TOO_LARGE ? "record_too_large"
						: "record_refused",
		 LOG_STR("topic", kafka_topic(&b->core, record->topic)),
		 LOG_UINT("bytes", record->key.n + record->value.n),
		 LOG_WHY(why));
}

int records_refused(void *bridge, const struct store_record *record,
		    const struct ztp_error *why, struct ztp_error *error)
{
	struct bridge *b = bridge;

	if (!record->key.p && why->code == ZTP_ERR_REFUSED)
		b->keyless_until[record->topic] = b->core.now + KEYLESS_MS;
	log_refused(b, record, why);
	if (record->topic == STORE_DLQ)
		return shrink_dead(b, record, why, error);
	return dead_letter(b, record, why, error);
}

int records_write(struct bridge *b, struct store_record *record,
		  const struct journal_mark *from, struct ztp_error *error)
{
	struct ztp_error why = {0};

	if (record->key.p || b->core.now >= b->keyless_until[record->topic])
		return ledger_write(b->ledger, record, from, error);
	ztp_fail(&why, ZTP_ERR_REFUSED,
		 "kafka: another record without a key was refused");
	log_refused(b, record, &why);
	return dead_letter(b, record, &why, error);
}
