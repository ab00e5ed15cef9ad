/* An entry as a record of ztp.journal: its bytes, which are the same on every
 * machine, and what is refused. */
#include "exact.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/journal/journal_entry.h"
#include "bridge/journal/journal_record.h"

#define ID "00112233445566778899aabbccddeeff"

static const uint8_t head[JOURNAL_RECORD_HEAD] = {
	1,
	/* the journal */
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
	0xcc, 0xdd, 0xee, 0xff,
	/* before: segment 3, offset 0x3ffff0 */
	3, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0xff, 0x3f, 0, 0, 0, 0, 0,
	/* after: segment 0x0504, offset 0x20 */
	4, 5, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0};

static const struct journal_record written = {
	.journal = ID,
	.before = {3, 0x3ffff0},
	.after = {0x0504, 0x20},
};

/* The head, changed at one place, and an entry of so many bytes. */
static int decode(struct journal_record *record, size_t at, uint8_t byte,
		  size_t entry, struct ztp_error *error)
{
	char bytes[JOURNAL_RECORD_HEAD + 8] = {0}, *exact;
	int rc;

	memcpy(bytes, head, sizeof(head));
	bytes[at] = (char)byte;
	memcpy(bytes + sizeof(head), "an entry", 8);
	exact = exact_copy(bytes, sizeof(head) + entry);
	rc = journal_record_decode(record, exact, sizeof(head) + entry, error);
	if (rc == 0)
		assert_ptr_equal(record->entry, exact + sizeof(head));
	free(exact);
	return rc;
}

static void test_its_bytes(void **state)
{
	struct journal_record got;
	uint8_t bytes[JOURNAL_RECORD_HEAD];

	(void)state;
	journal_record_head(bytes, &written);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_int_equal(decode(&got, 0, 1, 8, NULL), 0);
	assert_string_equal(got.journal, ID);
	assert_int_equal(got.before.segment, 3);
	assert_int_equal(got.before.offset, 0x3ffff0);
	assert_int_equal(got.after.segment, 0x0504);
	assert_int_equal(got.after.offset, 0x20);
	assert_int_equal(got.len, 8);
}

static void test_a_newer_format_is_named(void **state)
{
	struct journal_record got;
	struct ztp_error error;

	(void)state;
	assert_int_equal(decode(&got, 0, 2, 8, &error), ZTP_ERR_STATE_NEWER);
	assert_non_null(strstr(error.message, "format 2"));
	assert_int_equal(decode(&got, 0, 255, 0, &error), ZTP_ERR_STATE_NEWER);
}

static void test_what_is_no_record(void **state)
{
	struct journal_record got;
	char bytes[JOURNAL_RECORD_HEAD];
	size_t n;

	(void)state;
	assert_int_equal(journal_record_decode(&got, "", 0, NULL),
			 ZTP_ERR_VALUE);
	memcpy(bytes, head, sizeof(head));
	for (n = 1; n <= sizeof(head); n++) {
		char *exact = exact_copy(bytes, n);

		assert_int_equal(journal_record_decode(&got, exact, n, NULL),
				 ZTP_ERR_VALUE);
		free(exact);
	}
	assert_int_equal(decode(&got, 0, 0, 8, NULL), ZTP_ERR_VALUE);
	assert_int_equal(decode(&got, 17 + 7, 1, 8, NULL), ZTP_ERR_VALUE);
	assert_int_equal(decode(&got, 17 + 11, 1, 8, NULL), ZTP_ERR_VALUE);
	/* It ends before it begins, or where it begins. */
	assert_int_equal(decode(&got, 17, 5, 8, NULL), 0);
	assert_int_equal(decode(&got, 17 + 1, 6, 8, NULL), ZTP_ERR_VALUE);
}

static void test_its_size_has_a_bound(void **state)
{
	size_t len = JOURNAL_RECORD_MAX + 1;
	char *bytes = calloc(1, len);
	struct journal_record got;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, head, sizeof(head));
	assert_int_equal(journal_record_decode(&got, bytes, len - 1, NULL), 0);
	assert_int_equal(journal_record_decode(&got, bytes, len, NULL),
			 ZTP_ERR_VALUE);
	free(bytes);
}

/* The entry in it: the lowest byte of a number comes first. */
static void test_an_entrys_bytes(void **state)
{
	static const uint8_t want[] = {
		3, 0, 0, 0, 0,	 0,   0,   0,	 /* version */
		3, 0, 0, 0, 0,	 0,   0,   0,	 /* audit */
		4, 3, 2, 1, 0,	 0,   0,   0,	 /* arrived_wall */
		0, 1, 0, 0, 0,	 0,   0,   0x80, /* arrived_steady */
		2, 0, 0, 0, 'p', 'q', 0,	 /* path */
		3, 0, 0, 0, '{', ' ', '}', 0,
	};
	const struct journal_entry entry = {
		.kind = ENTRY_AUDIT,
		.arrived_wall = 0x01020304,
		.arrived_steady = INT64_MIN + 0x100,
		.path = "pq",
		.text = "{ }",
		.text_len = 3,
	};
	uint8_t *bytes = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(journal_entry_pack(&bytes, &cap, &entry),
			 sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
	free(bytes);
}

/* The group's own name may hold anything. */
static void test_whose_it_is(void **state)
{
	static const struct {
		const char *key, *group; /* NULL: it does not say */
	} lines[] = {
		{"ztp-bridge/" ID, "ztp-bridge"},
		{"a/b/" ID, "a/b"},
		{"/" ID, ""},
		{ID, NULL},
		{"ztp-bridge" ID, NULL},
		{"ztp-bridge/", NULL},
		{"", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ztp_str group =
			journal_record_group(ztp_str_of(lines[i].key));

		assert_int_equal(group.p == NULL, lines[i].group == NULL);
		if (lines[i].group)
			assert_true(ztp_str_is(group, lines[i].group));
	}
	assert_null(journal_record_group((struct ztp_str){NULL, 0}).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_bytes),
		cmocka_unit_test(test_a_newer_format_is_named),
		cmocka_unit_test(test_what_is_no_record),
		cmocka_unit_test(test_its_size_has_a_bound),
		cmocka_unit_test(test_an_entrys_bytes),
		cmocka_unit_test(test_whose_it_is),
	};

	return cmocka_run_group_tests_name("bridge_journal_record", tests, NULL,
					   NULL);
}
