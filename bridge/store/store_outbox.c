/*
 * The SQLite store: records for Kafka, kept until Kafka acknowledges them.
 * Headers are stored in one blob: per header one byte of name length, the
 * name, two bytes of value length (big-endian), the value.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

static uint8_t *pack_headers(const struct store_record *record, size_t *len)
{
	size_t size = 1, i;
	uint8_t *blob, *p;

	for (i = 0; i < record->header_count; i++)
		size += 3 + strlen(record->headers[i].name) +
			record->headers[i].value.n;
	blob = p = malloc(size);
	if (!blob)
		return NULL;
	for (i = 0; i < record->header_count; i++) {
		const struct ztp_header *h = &record->headers[i];
		size_t name = strlen(h->name), value = h->value.n;

		if (name > 255 || value > 65535)
			continue; /* ours are always shorter */
		*p++ = (uint8_t)name;
		memcpy(p, h->name, name);
		p += name;
		*p++ = (uint8_t)(value >> 8);
		*p++ = (uint8_t)value;
		if (value > 0)
			memcpy(p, h->value.p, value);
		p += value;
	}
	*len = (size_t)(p - blob);
	return blob;
}

/* Values are views into blob; names are copied to `names` because they
 * need a NUL. */
static size_t unpack_headers(struct ztp_header *headers, const uint8_t *blob,
			     size_t len, char names[ZTP_HEADERS_MAX][256])
{
	const uint8_t *p = blob, *end;
	size_t count = 0;

	if (!blob) /* SQLite's empty blob */
		return 0;
	end = blob + len;
	while (p < end && count < ZTP_HEADERS_MAX) {
		size_t name = *p++, value;

		if ((size_t)(end - p) < name + 2)
			break;
		memcpy(names[count], p, name);
		names[count][name] = '\0';
		p += name;
		value = (size_t)p[0] << 8 | p[1];
		p += 2;
		if ((size_t)(end - p) < value)
			break;
		headers[count].name = names[count];
		headers[count].value.p = (const char *)p;
		headers[count++].value.n = value;
		p += value;
	}
	return count;
}

static void bind_bytes(sqlite3_stmt *stmt, int i, const struct ztp_str *s)
{
	if (s->p)
		sqlite3_bind_blob(stmt, i, s->n ? s->p : "", (int)s->n,
				  SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, i);
}

int store_outbox_add(struct store *store, struct store_record *record,
		     struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OUT_ADD, true, error);
	uint8_t *blob;
	size_t len = 0;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	blob = pack_headers(record, &len);
	if (!blob)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	record->seq = store->facts.outbox_seq[record->topic] + 1;
	sqlite3_bind_int64(stmt, 1, record->seq);
	sqlite3_bind_int(stmt, 2, (int)record->topic);
	store_bind_time(stmt, 3, record->request);
	bind_bytes(stmt, 4, &record->key);
	bind_bytes(stmt, 5, &record->value);
	sqlite3_bind_blob(stmt, 6, blob, (int)len, SQLITE_STATIC);
	rc = store_run(store, stmt, error);
	free(blob);
	if (rc != 0)
		return rc;
	store->facts.outbox_seq[record->topic] = record->seq;
	store->facts.outbox_count++;
	store->facts.waiting[record->topic]++;
	if (record->topic == STORE_DLQ)
		store->facts.letter_bytes +=
			(int64_t)(record->key.n + record->value.n + len);
	return 0;
}

int store_outbox_remove(struct store *store, int64_t seq,
			struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OUT_DEL, true, error);
	struct store_counters *facts = &store->facts;
	int64_t topic = OUTBOX_TOPIC(seq), bytes = 0;
	bool known = true;
	int rc, n;

	if (!stmt)
		return ZTP_ERR_IO;
	if (topic == STORE_DLQ)
		known = store_number(store, SQL_OUT_SIZE, seq, &bytes);
	sqlite3_bind_int64(stmt, 1, seq);
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	n = sqlite3_changes(store->db);
	if (n > 0 && !known) /* it could not be read, and was there */
		return store_fail(store, SQLITE_IOERR, error);
	facts->outbox_count -= n;
	if (topic > 0 && topic < STORE_TOPIC_END)
		facts->waiting[topic] -= n;
	if (topic != STORE_DLQ)
		return 0;
	facts->letter_bytes -= bytes;
	facts->erasures++; /* it may be a decision with a payload */
	return 0;
}

static struct ztp_str column_bytes(sqlite3_stmt *stmt, int column)
{
	struct ztp_str s = {NULL, 0};

	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return s;
	s.p = sqlite3_column_blob(stmt, column);
	s.n = (size_t)sqlite3_column_bytes(stmt, column);
	if (!s.p)
		s.p = ""; /* SQLite's empty blob */
	return s;
}

int store_outbox_each(struct store *store, enum store_topic topic,
		      int64_t after, int limit, store_record_visit *visit,
		      void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OUT_LIST, false, error);
	struct ztp_header headers[ZTP_HEADERS_MAX];
	char names[ZTP_HEADERS_MAX][256];
	int rc, result = 0;

	sqlite3_bind_int64(stmt, 1, after ? after : OUTBOX_SEQ(topic));
	sqlite3_bind_int(stmt, 2, limit);
	sqlite3_bind_int64(stmt, 3, OUTBOX_SEQ(topic + 1));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && result == 0) {
		struct store_record record = {0};
		struct ztp_str blob = column_bytes(stmt, 5);

		record.seq = sqlite3_column_int64(stmt, 0);
		record.topic = topic; /* as its number says */
		record.request = sqlite3_column_int64(stmt, 2);
		record.key = column_bytes(stmt, 3);
		record.value = column_bytes(stmt, 4);
		record.headers = headers;
		record.header_count = unpack_headers(
			headers, (const uint8_t *)blob.p, blob.n, names);
		result = visit(arg, &record);
	}
	sqlite3_reset(stmt);
	if (result == 0 && rc != SQLITE_DONE)
		return store_fail(store, rc, error);
	return result;
}

int64_t store_outbox_count(const struct store *store)
{
	return store->facts.outbox_count;
}

int64_t store_outbox_waiting(const struct store *store, enum store_topic topic)
{
	return store->facts.waiting[topic];
}

int64_t store_outbox_letter_bytes(const struct store *store)
{
	return store->facts.letter_bytes;
}

int64_t store_outbox_newest(const struct store *store, enum store_topic topic)
{
	return store->facts.outbox_seq[topic];
}

bool store_outbox_after(const struct store *store, enum store_topic topic,
			int64_t seq)
{
	int64_t newest = store->facts.outbox_seq[topic];

	return newest > (seq ? seq : OUTBOX_SEQ(topic));
}
