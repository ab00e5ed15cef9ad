/*
 * The packed form is one list of fields, which writer and reader walk in the
 * same order: numbers as 8 bytes, the lowest first; texts as 4 bytes of length,
 * the bytes and a NUL (so the reader can hand out C strings); blobs of fixed
 * size as they are. One of several bridges may hand an entry to another, on
 * another machine, as it is (journal_record.h). Another version of the program
 * either finds a journal that was drained before the upgrade, or reads
 * ENTRY_VERSION and refuses.
 */
#include "bridge/journal/journal_entry.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_VERSION 3
#define ENTRY_OLDEST  1 /* readable too; lacks own_id and own_trace */
#define WITH_IDENTITY 3 /* the first one that has a certificate's identity */

#define NUMBER_SIZE 8
#define LENGTH_SIZE 4

struct cursor {
	uint8_t *out; /* for writing */
	size_t cap;
	const uint8_t *in; /* for reading */
	size_t len, at;
	bool failed;
};

static void put_bytes(struct cursor *c, const void *bytes, size_t n)
{
	if (c->at + n > c->cap) {
		size_t cap = 2 * (c->at + n) + 1024;
		uint8_t *grown = realloc(c->out, cap);

		if (!grown) {
			c->failed = true;
			return;
		}
		c->out = grown;
		c->cap = cap;
	}
	if (n > 0)
		memcpy(c->out + c->at, bytes, n);
	c->at += n;
}

/* size: of the number, in bytes. */
static void put_unsigned(struct cursor *c, uint64_t value, int size)
{
	uint8_t bytes[sizeof(value)];
	int i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	put_bytes(c, bytes, (size_t)size);
}

static void put_number(struct cursor *c, int64_t value)
{
	put_unsigned(c, (uint64_t)value, NUMBER_SIZE);
}

static void put_text(struct cursor *c, const char *text, size_t n)
{
	put_unsigned(c, n, LENGTH_SIZE);
	put_bytes(c, text, n);
	put_bytes(c, "", 1);
}

static void put_string(struct cursor *c, const char *text)
{
	put_text(c, text ? text : "", text ? strlen(text) : 0);
}

static const uint8_t *take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->in + c->at;

	if (c->failed || n > c->len - c->at) {
		c->failed = true;
		return NULL;
	}
	c->at += n;
	return p;
}

static uint64_t get_unsigned(struct cursor *c, int size)
{
	const uint8_t *p = take(c, (size_t)size);
	uint64_t value = 0;
	int i;

	for (i = 0; p && i < size; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

static int64_t get_number(struct cursor *c)
{
	return (int64_t)get_unsigned(c, NUMBER_SIZE);
}

static const char *get_text(struct cursor *c, size_t *n)
{
	size_t len = (size_t)get_unsigned(c, LENGTH_SIZE);
	const uint8_t *p = take(c, len), *end = take(c, 1);

	if (!end || *end != 0) { /* the remaining fields are not read */
		c->failed = true;
		p = NULL;
	}
	if (n)
		*n = p ? len : 0;
	return p ? (const char *)p : "";
}

static void get_copy(struct cursor *c, char *out, size_t cap)
{
	size_t n;
	const char *text = get_text(c, &n);

	if (n >= cap) {
		c->failed = true;
		n = 0;
	}
	memcpy(out, text, n);
	out[n] = '\0';
}

static void get_blob(struct cursor *c, void *out, size_t n)
{
	const uint8_t *p = take(c, n);

	if (p)
		memcpy(out, p, n);
}

static void put_cert(struct cursor *c, const struct ztp_cert *cert)
{
	size_t i;

	put_bytes(c, cert->fingerprint, ZTP_SHA256_LEN);
	put_bytes(c, cert->identity, ZTP_SHA256_LEN);
	put_bytes(c, cert->spki_sha256, ZTP_SHA256_LEN);
	put_number(c, cert->key_algorithm);
	put_number(c, cert->key_bits);
	put_number(c, cert->not_before);
	put_number(c, cert->not_after);
	put_string(c, cert->serial);
	put_string(c, cert->subject);
	put_string(c, cert->issuer);
	put_number(c, (int64_t)cert->san_count);
	for (i = 0; i < cert->san_count; i++)
		put_string(c, cert->san[i]);
}

static void get_cert(struct cursor *c, struct ztp_cert *cert, int64_t version)
{
	size_t i, count;

	get_blob(c, cert->fingerprint, ZTP_SHA256_LEN);
	if (version >= WITH_IDENTITY)
		get_blob(c, cert->identity, ZTP_SHA256_LEN);
	else
		memcpy(cert->identity, cert->fingerprint, ZTP_SHA256_LEN);
	get_blob(c, cert->spki_sha256, ZTP_SHA256_LEN);
	cert->key_algorithm = (enum ztp_key_algorithm)get_number(c);
	cert->key_bits = (int)get_number(c);
	cert->not_before = get_number(c);
	cert->not_after = get_number(c);
	get_copy(c, cert->serial, sizeof(cert->serial));
	get_copy(c, cert->subject, sizeof(cert->subject));
	get_copy(c, cert->issuer, sizeof(cert->issuer));
	count = (size_t)get_number(c);
	if (count > ZTP_SAN_MAX) {
		c->failed = true;
		return;
	}
	if (count == 0)
		return;
	cert->san = calloc(count, sizeof(*cert->san));
	if (!cert->san) {
		c->failed = true;
		return;
	}
	/* These are views, not copies: journal_entry_clear frees only
	 * the array. */
	for (i = 0; i < count; i++)
		cert->san[i] = (char *)(uintptr_t)get_text(c, NULL);
	cert->san_count = count;
}

long journal_entry_pack(uint8_t **bytes, size_t *cap,
			const struct journal_entry *e)
{
	struct cursor c = {.out = *bytes, .cap = *cap};

	put_number(&c, ENTRY_VERSION);
	put_number(&c, e->kind);
	put_number(&c, e->arrived_wall);
	put_number(&c, e->arrived_steady);
	put_string(&c, e->path);
	switch (e->kind) {
	case ENTRY_PENDING:
		put_string(&c, e->request_id);
		put_string(&c, e->traceparent);
		put_string(&c, e->own_id);
		put_string(&c, e->own_trace);
		put_number(&c, e->received_at);
		put_number(&c, e->expires_at);
		put_cert(&c, &e->cert);
		break;
	case ENTRY_DEAD:
		put_string(&c, e->request_id);
		put_number(&c, e->why.code);
		put_string(&c, e->why.message);
		put_string(&c, e->topic);
		put_text(&c, e->text, e->text_len);
		put_bytes(&c, e->sha256, sizeof(e->sha256));
		put_number(&c, e->size);
		break;
	case ENTRY_WITHDRAWN:
		put_string(&c, e->request_id);
		put_text(&c, e->text, e->text_len);
		break;
	case ENTRY_AUDIT:
		put_text(&c, e->text, e->text_len);
		break;
	}
	*bytes = c.out;
	*cap = c.cap;
	return c.failed ? ZTP_ERR_NOMEM : (long)c.at;
}

int journal_entry_unpack(struct journal_entry *e, const void *bytes, size_t len,
			 struct ztp_error *error)
{
	struct cursor c = {.in = bytes, .len = len};
	int64_t version;

	memset(e, 0, sizeof(*e));
	e->path = e->request_id = e->traceparent = e->topic = e->text = "";
	e->own_id = e->own_trace = "";
	version = get_number(&c);
	if (version > ENTRY_VERSION)
		return ztp_fail(error, ZTP_ERR_STATE_NEWER,
				"intake journal: an entry of a newer release");
	if (version < ENTRY_OLDEST)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"intake journal: unknown entry version");
	e->kind = (enum journal_entry_kind)get_number(&c);
	e->arrived_wall = get_number(&c);
	e->arrived_steady = get_number(&c);
	e->path = get_text(&c, NULL);
	switch (e->kind) {
	case ENTRY_PENDING:
		e->request_id = get_text(&c, NULL);
		e->traceparent = get_text(&c, NULL);
		if (version > 1) {
			e->own_id = get_text(&c, NULL);
			e->own_trace = get_text(&c, NULL);
		}
		e->received_at = get_number(&c);
		e->expires_at = get_number(&c);
		get_cert(&c, &e->cert, version);
		break;
	case ENTRY_DEAD:
		e->request_id = get_text(&c, NULL);
		e->why.code = (enum ztp_err)get_number(&c);
		get_copy(&c, e->why.message, sizeof(e->why.message));
		e->topic = get_text(&c, NULL);
		e->text = get_text(&c, &e->text_len);
		get_blob(&c, e->sha256, sizeof(e->sha256));
		e->size = get_number(&c);
		break;
	case ENTRY_WITHDRAWN:
		e->request_id = get_text(&c, NULL);
		e->text = get_text(&c, &e->text_len);
		break;
	case ENTRY_AUDIT:
		e->text = get_text(&c, &e->text_len);
		break;
	default:
		c.failed = true;
	}
	if (!c.failed && c.at == c.len)
		return 0;
	journal_entry_clear(e);
	return ztp_fail(error, ZTP_ERR_VALUE, "intake journal: bad entry");
}

void journal_entry_clear(struct journal_entry *e)
{
	free(e->cert.san);
	e->cert.san = NULL;
	e->cert.san_count = 0;
}
