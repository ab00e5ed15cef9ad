/* Entries of the intake journal: what is packed can be unpacked, and bytes that
 * are not an entry are refused. */
#include "exact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/journal/journal_entry.h"

#define PATH "subscriptions/acme/registries/plant-7/devices/pump-42"

static char *names[] = {(char[]){"DNS:a.example"}, (char[]){"IP:10.0.0.1"},
			(char[]){"URI:urn:x"}};

static struct journal_entry pending_entry(void)
{
	struct journal_entry e = {
		.kind = ENTRY_PENDING,
		.arrived_wall = 1700000000123,
		.arrived_steady = 1700000000124,
		.path = PATH,
		.request_id = "0192f3a1-0000-7000-8000-000000000001",
		.traceparent = "00-0af7651916cd43dd8448eb211c80319c-"
			       "b7ad6b7169203331-01",
		.own_id = "0192f3a1-0000-7000-8000-0000000000ff",
		.own_trace = "00-11111111111111111111111111111111-"
			     "2222222222222222-01",
		.received_at = 1700000000000,
		.expires_at = -5,
		.cert = {.key_algorithm = ZTP_KEY_EC,
			 .key_bits = 384,
			 .not_before = -1,
			 .not_after = INT64_MAX,
			 .serial = "14fd",
			 .subject = "CN=unused-device",
			 .issuer = "",
			 .san_count = 3,
			 .san = names},
	};

	memset(e.cert.fingerprint, 0xfe, sizeof(e.cert.fingerprint));
	memset(e.cert.identity, 0xfd, sizeof(e.cert.identity));
	memset(e.cert.spki_sha256, 0x5a, sizeof(e.cert.spki_sha256));
	return e;
}

static struct journal_entry dead_entry(void)
{
	struct journal_entry e = {
		.kind = ENTRY_DEAD,
		.arrived_wall = 1,
		.arrived_steady = 2,
		.path = "",
		.request_id = "r-1",
		.why = {.code = ZTP_ERR_JSON, .message = "no JSON at byte 1"},
		.topic = "ztp/v1/pending",
		.text = "{\"request_id\":\"r-1\"}",
		.text_len = 20,
		.size = 65537,
	};

	memset(e.sha256, 7, sizeof(e.sha256));
	return e;
}

static struct journal_entry audit_entry(void)
{
	return (struct journal_entry){
		.kind = ENTRY_AUDIT,
		.arrived_wall = 5,
		.path = PATH,
		.text = "{\"at\":\"now\"}",
		.text_len = 12,
	};
}

/* The packed entry in an allocation of exactly its size; free() it. */
static char *pack(const struct journal_entry *e, size_t *len)
{
	uint8_t *bytes = NULL;
	size_t cap = 0;
	long n = journal_entry_pack(&bytes, &cap, e);
	char *copy;

	assert_true(n > 0);
	assert_true((size_t)n <= cap);
	copy = exact_copy((char *)bytes, (size_t)n);
	free(bytes);
	*len = (size_t)n;
	return copy;
}

static void same_start(const struct journal_entry *got,
		       const struct journal_entry *want)
{
	assert_int_equal(got->kind, want->kind);
	assert_int_equal(got->arrived_wall, want->arrived_wall);
	assert_int_equal(got->arrived_steady, want->arrived_steady);
	assert_string_equal(got->path, want->path);
}

static void test_pending(void **state)
{
	struct journal_entry want = pending_entry(), got;
	size_t len, i;
	char *bytes = pack(&want, &len);

	(void)state;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL), 0);
	same_start(&got, &want);
	assert_string_equal(got.request_id, want.request_id);
	assert_string_equal(got.traceparent, want.traceparent);
	assert_string_equal(got.own_id, want.own_id);
	assert_string_equal(got.own_trace, want.own_trace);
	assert_int_equal(got.received_at, want.received_at);
	assert_int_equal(got.expires_at, want.expires_at);
	assert_memory_equal(got.cert.fingerprint, want.cert.fingerprint, 32);
	assert_memory_equal(got.cert.identity, want.cert.identity, 32);
	assert_memory_equal(got.cert.spki_sha256, want.cert.spki_sha256, 32);
	assert_int_equal(got.cert.key_algorithm, want.cert.key_algorithm);
	assert_int_equal(got.cert.key_bits, want.cert.key_bits);
	assert_int_equal(got.cert.not_before, want.cert.not_before);
	assert_int_equal(got.cert.not_after, want.cert.not_after);
	assert_string_equal(got.cert.serial, want.cert.serial);
	assert_string_equal(got.cert.subject, want.cert.subject);
	assert_string_equal(got.cert.issuer, want.cert.issuer);
	assert_int_equal(got.cert.san_count, 3);
	for (i = 0; i < 3; i++)
		assert_string_equal(got.cert.san[i], names[i]);
	assert_null(got.cert.der);
	assert_string_equal(got.text, ""); /* never NULL */
	assert_string_equal(got.topic, "");
	journal_entry_clear(&got);
	journal_entry_clear(&got); /* a second time does no harm */
	free(bytes);
}

/* Takes n bytes out of a packed entry. */
static void cut(char *bytes, size_t *len, size_t at, size_t n)
{
	memmove(bytes + at, bytes + at + n, *len - at - n);
	*len -= n;
}

static void set_version(char *bytes, int64_t version)
{
	memcpy(bytes, &version, sizeof(version));
}

/* Entries from before an upgrade. Version 2 has no identity of the certificate,
 * version 1 has no own_id and no own_trace either. */
static void test_older_versions(void **state)
{
	struct journal_entry want = pending_entry(), got;
	size_t len, texts, from;
	char *bytes;

	(void)state;
	want.own_id = want.own_trace = "";
	bytes = pack(&want, &len);
	/* kind and times, then three texts with length and NUL */
	texts = 4 * sizeof(int64_t) + 3 * (4 + 1) + strlen(want.path) +
		strlen(want.request_id) + strlen(want.traceparent);
	/* two more texts, two times and the fingerprint */
	from = texts + 2 * (4 + 1) + 2 * sizeof(int64_t) + ZTP_SHA256_LEN;
	cut(bytes, &len, from, ZTP_SHA256_LEN);
	for (int version = 2; version >= 1; version--) {
		set_version(bytes, version);
		assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL),
				 0);
		assert_string_equal(got.traceparent, want.traceparent);
		assert_string_equal(got.own_id, "");
		assert_string_equal(got.own_trace, "");
		assert_int_equal(got.received_at, want.received_at);
		assert_memory_equal(got.cert.identity, want.cert.fingerprint,
				    ZTP_SHA256_LEN);
		assert_string_equal(got.cert.subject, want.cert.subject);
		journal_entry_clear(&got);
		if (version == 2)
			cut(bytes, &len, texts, 2 * (4 + 1));
	}
	set_version(bytes, 4);
	assert_true(journal_entry_unpack(&got, bytes, len, NULL) < 0);
	free(bytes);
}

static void test_dead(void **state)
{
	struct journal_entry want = dead_entry(), got;
	size_t len;
	char *bytes = pack(&want, &len);

	(void)state;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL), 0);
	same_start(&got, &want);
	assert_string_equal(got.request_id, want.request_id);
	assert_int_equal(got.why.code, want.why.code);
	assert_string_equal(got.why.message, want.why.message);
	assert_string_equal(got.topic, want.topic);
	assert_int_equal(got.text_len, want.text_len);
	assert_string_equal(got.text, want.text);
	assert_memory_equal(got.sha256, want.sha256, sizeof(got.sha256));
	assert_int_equal(got.size, want.size);
	assert_string_equal(got.traceparent, "");
	journal_entry_clear(&got);
	free(bytes);
}

static void test_withdrawn(void **state)
{
	const struct journal_entry want = {.kind = ENTRY_WITHDRAWN,
					   .path = PATH,
					   .request_id = "g-1",
					   .text = "ca_removed, and more",
					   .text_len = 10};
	uint8_t *bytes = NULL;
	struct journal_entry got;
	struct ztp_error error;
	size_t cap = 0;
	long n = journal_entry_pack(&bytes, &cap, &want);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(journal_entry_unpack(&got, bytes, (size_t)n, &error),
			 0);
	assert_int_equal(got.kind, ENTRY_WITHDRAWN);
	assert_string_equal(got.path, PATH);
	assert_string_equal(got.request_id, "g-1");
	assert_string_equal(got.text, "ca_removed");
	assert_int_equal(got.text_len, 10);
	journal_entry_clear(&got);
	free(bytes);
}

static void test_audit(void **state)
{
	struct journal_entry want = audit_entry(), got;
	size_t len;
	char *bytes = pack(&want, &len);

	(void)state;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL), 0);
	same_start(&got, &want);
	assert_int_equal(got.text_len, want.text_len);
	assert_string_equal(got.text, want.text);
	journal_entry_clear(&got);
	free(bytes);
}

/* Members that are NULL, and the largest value of each. */
static void test_nothing_and_much(void **state)
{
	struct journal_entry none = {.kind = ENTRY_PENDING},
			     much = pending_entry();
	struct journal_entry got;
	char *all[ZTP_SAN_MAX];
	size_t len, i;
	char *bytes = pack(&none, &len);

	(void)state;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL), 0);
	assert_string_equal(got.path, "");
	assert_string_equal(got.request_id, "");
	assert_int_equal(got.cert.san_count, 0);
	assert_null(got.cert.san);
	free(bytes);

	for (i = 0; i < ZTP_SAN_MAX; i++)
		all[i] = names[i % 3];
	memset(much.cert.subject, 's', ZTP_NAME_MAX);
	memset(much.cert.issuer, 'i', ZTP_NAME_MAX);
	memset(much.cert.serial, 'f', sizeof(much.cert.serial) - 1);
	much.cert.san = all;
	much.cert.san_count = ZTP_SAN_MAX;
	bytes = pack(&much, &len);
	assert_int_equal(journal_entry_unpack(&got, bytes, len, NULL), 0);
	assert_int_equal(got.cert.san_count, ZTP_SAN_MAX);
	assert_string_equal(got.cert.subject, much.cert.subject);
	assert_string_equal(got.cert.serial, much.cert.serial);
	journal_entry_clear(&got);
	free(bytes);
}

/* The buffer is reused for the next entry, and grows. */
static void test_buffer_is_reused(void **state)
{
	struct journal_entry small = audit_entry(), large = audit_entry();
	uint8_t *bytes = NULL;
	size_t cap = 0, before;
	char *text = calloc(1, 100001);
	long n;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 100000);
	large.text = text;
	large.text_len = 100000;
	n = journal_entry_pack(&bytes, &cap, &small);
	assert_true(n > 0);
	before = cap;
	assert_true(journal_entry_pack(&bytes, &cap, &large) > 100000);
	assert_true(cap > before);
	before = cap;
	assert_int_equal(journal_entry_pack(&bytes, &cap, &small), n);
	assert_int_equal(cap, before);
	free(text);
	free(bytes);
}

static void refuse(const char *bytes, size_t len)
{
	char *copy = exact_copy(bytes, len);
	struct journal_entry got;
	struct ztp_error error = {0};

	assert_int_equal(journal_entry_unpack(&got, copy, len, &error),
			 ZTP_ERR_VALUE);
	assert_null(got.cert.san);
	assert_true(*error.message);
	free(copy);
}

static void test_every_prefix_is_refused(void **state)
{
	struct journal_entry all[] = {pending_entry(), dead_entry(),
				      audit_entry()};
	size_t len, n, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		char *bytes = pack(&all[i], &len), *longer;

		for (n = 0; n < len; n++)
			refuse(bytes, n);
		longer = realloc(bytes, len + 1);
		assert_non_null(longer);
		longer[len] = 0;
		refuse(longer, len + 1);
		free(longer);
	}
}

/* Reads all members, as the loop would. */
static size_t use(const struct journal_entry *e)
{
	size_t sum = strlen(e->path) + strlen(e->request_id) +
		     strlen(e->traceparent) + strlen(e->topic),
	       i;

	for (i = 0; i < e->text_len; i++)
		sum += (unsigned char)e->text[i];
	for (i = 0; i < e->cert.san_count; i++)
		sum += strlen(e->cert.san[i]);
	return sum + strlen(e->cert.subject) + strlen(e->cert.issuer) +
	       strlen(e->cert.serial) + strlen(e->why.message);
}

static void test_every_bit_flipped(void **state)
{
	struct journal_entry all[] = {pending_entry(), dead_entry(),
				      audit_entry()};
	size_t len, bit, i, taken = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		char *bytes = pack(&all[i], &len);

		for (bit = 0; bit < 8 * len; bit++) {
			struct journal_entry got;

			bytes[bit / 8] ^= (char)(1 << bit % 8);
			if (journal_entry_unpack(&got, bytes, len, NULL) == 0) {
				taken += use(&got) > 0;
				journal_entry_clear(&got);
			}
			bytes[bit / 8] ^= (char)(1 << bit % 8);
		}
		free(bytes);
	}
	assert_true(taken > 0);
}

static void test_another_version(void **state)
{
	struct journal_entry e = audit_entry(), got;
	struct ztp_error error = {0};
	size_t len;
	char *bytes = pack(&e, &len);

	(void)state;
	bytes[0]++;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, &error),
			 ZTP_ERR_STATE_NEWER);
	assert_non_null(strstr(error.message, "newer release"));
	bytes[0] = 0;
	assert_int_equal(journal_entry_unpack(&got, bytes, len, &error),
			 ZTP_ERR_VALUE);
	assert_non_null(strstr(error.message, "version"));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_older_versions),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_nothing_and_much),
		cmocka_unit_test(test_buffer_is_reused),
		cmocka_unit_test(test_every_prefix_is_refused),
		cmocka_unit_test(test_every_bit_flipped),
		cmocka_unit_test(test_another_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
