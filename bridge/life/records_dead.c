/*
 * Dead letters. They wait in the outbox while Kafka does not accept them, and if
 * only their topic is at fault, whoever writes bad decisions could fill the disk
 * with them, which stops the intake of everybody. So two bounds in bytes are for
 * what waits: beyond the first a letter goes without its value, and beyond the
 * second it is only counted. Neither touches any other record. Several bridges
 * have no outbox, and nothing waits: Kafka's transaction takes the letter, or
 * nothing goes on.
 */
#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/record_bounds.h"
#include "bridge/ledger/ledger.h"
#include "bridge/life/records.h"

#define LETTERS_VALUES_MAX (32 << 20)
#define LETTERS_MAX	   (64 << 20)

/* --- what waits */

static size_t value_max(const struct bridge *b)
{
	return store_outbox_letter_bytes(b->store) < LETTERS_VALUES_MAX
		       ? ZTP_DEAD_VALUE_MAX
		       : 0;
}

void records_drop(struct bridge *b, enum store_topic topic,
		  const struct ztp_error *why)
{
	log_error(b->core.log, "record_dropped",
		  LOG_STR("topic", kafka_topic(&b->core, topic)), LOG_WHY(why));
	b->core.tally.dlq[TALLY_DLQ_DROPPED]++;
}

/* One without a key, which the topic does not take now, gets its hash as one: the
 * letter would come back for it (records_too_large.c). */
static int write_letter(struct bridge *b, struct store_record *record,
			struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	uint8_t sha256[ZTP_SHA256_LEN];
	struct record_identity identity;
	struct store_record keyed = *record;
	size_t n = record->header_count;

	if (record->key.p || b->core.now >= b->keyless_until[STORE_DLQ])
		return ledger_write(b->ledger, record, NULL, error);
	if (n > ZTP_HEADERS_MAX - 2)
		n = ZTP_HEADERS_MAX - 2;
	memcpy(headers, record->headers, n * sizeof(*headers));
	if (!ztp_header_get(headers, n, RECORD_SHA256).p) {
		ztp_sha256(sha256, record->value.p, record->value.n);
		n += record_identity(headers + n, &identity, sha256,
				     (int64_t)record->value.n);
	}
	keyed.key = ztp_header_get(headers, n, RECORD_SHA256);
	keyed.headers = headers;
	keyed.header_count = n;
	return ledger_write(b->ledger, &keyed, NULL, error);
}

int records_dead(struct bridge *b, struct store_record *record,
		 enum tally_dlq metric, struct ztp_error *error)
{
	struct ztp_error why = {0};
	int rc;

	if (store_outbox_letter_bytes(b->store) >= LETTERS_MAX) {
		ztp_fail(&why, ZTP_ERR_FULL,
			 "%lld dead letters wait for Kafka already",
			 (long long)store_outbox_waiting(b->store, STORE_DLQ));
		records_drop(b, STORE_DLQ, &why);
		return 0;
	}
	rc = write_letter(b, record, error);
	if (rc == 0)
		b->core.tally.dlq[metric]++;
	return rc;
}

static void log_cut(const struct bridge *b, size_t bytes)
{
	log_warn(b->core.log, "dead_letter_cut", LOG_UINT("bytes", bytes),
		 LOG_INT("waiting", store_outbox_waiting(b->store, STORE_DLQ)),
		 LOG_INT("waiting_bytes", store_outbox_letter_bytes(b->store)));
}

/* --- what they hold */

int records_dead_pending(struct bridge *b, const struct journal_entry *entry,
			 struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_DLQ};
	struct ztp_dead dead = {
		.topic = entry->topic,
		.partition = -1,
		.offset = -1,
		.stage = "pending",
		.why = entry->why,
	};
	struct record_identity identity;
	char scratch[64];
	size_t n;

	n = ztp_dead_headers(headers, scratch, &dead);
	n += record_identity(headers + n, &identity, entry->sha256,
			     entry->size);
	if (*entry->path)
		record.key = ztp_str_of(entry->path);
	record.value = (struct ztp_str){entry->text, entry->text_len};
	record.headers = headers;
	record.header_count = n;
	return records_dead(b, &record, TALLY_DLQ_PENDING, error);
}

int records_dead_decision(struct bridge *b, const struct consumer_record *from,
			  const struct ztp_error *why, struct ztp_error *error)
{
	const struct ztp_position *position = &from->position;
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_DLQ, .key = from->key};
	struct ztp_dead dead = {
		.topic = position->topic,
		.partition = position->partition,
		.offset = position->offset,
		.stage = "decision",
		.why = *why,
	};
	uint8_t sha256[ZTP_SHA256_LEN];
	struct record_identity identity, of_key;
	char scratch[64], left_out[24];
	size_t n;

	n = ztp_dead_headers(headers, scratch, &dead);
	record.value = from->value;
	if (record.value.n > value_max(b)) {
		log_cut(b, record.value.n);
		if (!from->sha256)
			ztp_sha256(sha256, record.value.p, record.value.n);
		n += record_identity(headers + n, &identity,
				     from->sha256 ? from->sha256 : sha256,
				     (int64_t)record.value.n);
		record.value = ztp_str_of("");
	}
	n += record_bound_key(headers + n, &of_key, &record.key);
	n += record_copy_headers(headers + n, ZTP_HEADERS_MAX - n,
				 from->headers, from->header_count, left_out);
	record.headers = headers;
	record.header_count = n;
	return records_dead(b, &record, TALLY_DLQ_DECISION, error);
}
