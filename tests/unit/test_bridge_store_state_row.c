/* The rows of ztp.state as bytes: what is written is read, and what is no row is
 * refused. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/store/state_row.h"

#define ID "0192f3a1-x"

static struct state_cell number(int64_t n)
{
	return (struct state_cell){.type = STATE_NUMBER, .number = n};
}

static struct state_cell text(const char *t)
{
	return (struct state_cell){.type = STATE_TEXT, .bytes = ztp_str_of(t)};
}

static struct state_cell bytes(const void *p, size_t n)
{
	return (struct state_cell){.type = STATE_BYTES, .bytes = {p, n}};
}

static struct state_row request(void)
{
	static const uint8_t print[64] = {1, 0, 255};
	struct state_row row = {.kind = STATE_REQUEST,
				.name = ztp_str_of(ID),
				.count = STATE_REQUEST_CELLS};
	struct state_cell *cell = row.cells;

	cell[STATE_REQUEST_N] = number(7);
	cell[STATE_REQUEST_ID] = text(ID);
	cell[STATE_REQUEST_PATH] =
		text("subscriptions/a/registries/b/devices/c");
	cell[STATE_REQUEST_FINGERPRINT] = bytes(print, 64);
	cell[STATE_REQUEST_STATE] = number(2);
	cell[STATE_REQUEST_ATTEMPT] = number(1);
	cell[STATE_REQUEST_RECEIVED_AT] = number(INT64_MIN);
	cell[STATE_REQUEST_EXPIRES_AT] = number(INT64_MAX);
	cell[STATE_REQUEST_TRIES] = number(INT_MAX);
	cell[STATE_REQUEST_LOSSES] = number(0);
	return row;
}

static void encode(struct state_bytes *out, const struct state_row *row)
{
	struct ztp_error error;

	if (state_row_encode(out, row, &error) != 0)
		fail_msg("%s", error.message);
}

static int decode(struct state_row *row, const char *key,
		  const struct state_bytes *value)
{
	struct ztp_error error;

	return state_row_decode(
		row, ztp_str_of(key),
		(struct ztp_str){(const char *)value->p, value->len}, &error);
}

static void expect_same(const struct state_row *a, const struct state_row *b)
{
	int i;

	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++) {
		assert_int_equal(a->cells[i].type, b->cells[i].type);
		assert_true(a->cells[i].number == b->cells[i].number);
		assert_int_equal(a->cells[i].bytes.n, b->cells[i].bytes.n);
		if (a->cells[i].bytes.n > 0)
			assert_memory_equal(a->cells[i].bytes.p,
					    b->cells[i].bytes.p,
					    a->cells[i].bytes.n);
	}
}

static void test_what_is_written_is_read(void **state)
{
	struct state_row row = request(), got;
	struct state_bytes out = {0};

	(void)state;
	encode(&out, &row);
	assert_int_equal(decode(&got, "r/" ID, &out), 0);
	assert_false(got.removed);
	expect_same(&got, &row);
	free(out.p);
}

/* Another machine has to find the same bytes. */
static void test_the_bytes_have_one_order(void **state)
{
	/* 128 and 1 */
	static const uint8_t want[] = {1, 1, 0x80, 0x02, 1, 2};
	struct state_row row = {.kind = STATE_JOURNAL,
				.name = ztp_str_of("x"),
				.count = 2,
				.cells = {number(128), number(1)}};
	struct state_bytes out = {0};
	struct state_row got;

	(void)state;
	encode(&out, &row);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.p, want, sizeof(want));
	assert_int_equal(decode(&got, "j/x", &out), 0);
	assert_int_equal(got.cells[0].number, 128);
	free(out.p);
}

static void test_every_key(void **state)
{
	static const char *const keys[STATE_KINDS] = {
#define X(name, key) key,
		STATE_KIND_LIST(X)
#undef X
	};
	struct ztp_str none = {NULL, 0};
	struct state_row row;
	char key[STATE_KEY_MAX + 1];
	int kind;

	(void)state;
	for (kind = 0; kind < STATE_KINDS; kind++) {
		bool named = keys[kind][strlen(keys[kind]) - 1] == '/';
		int n = state_key(key, (enum state_kind)kind, "some");

		assert_int_equal(n, strlen(key));
		assert_int_equal(
			state_row_decode(&row, ztp_str_of(key), none, NULL), 0);
		assert_int_equal(row.kind, kind);
		assert_true(row.removed);
		assert_int_equal(row.name.n, named ? 4 : 0);
	}
}

static void test_no_key_of_ours(void **state)
{
	static const char *const keys[] = {"",	 "r/",	 "r",	   "x/y",
					   "at", "birt", "births", "facts/"};
	struct ztp_str none = {NULL, 0};
	struct state_row row;
	char key[STATE_KEY_MAX + 1], long_one[STATE_KEY_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_int_equal(
			state_row_decode(&row, ztp_str_of(keys[i]), none, NULL),
			ZTP_ERR_VALUE);
	assert_int_equal(state_row_decode(&row, none, none, NULL),
			 ZTP_ERR_VALUE);
	assert_int_equal(state_row_decode(&row, (struct ztp_str){"r/a\0b", 5},
					  none, NULL),
			 ZTP_ERR_VALUE);
	memset(long_one, 'x', STATE_KEY_MAX);
	long_one[STATE_KEY_MAX] = '\0';
	assert_int_equal(state_key(key, STATE_REQUEST, long_one),
			 ZTP_ERR_TOO_LARGE);
}

/* Cut anywhere, and with a byte more, it is refused, and nothing is read past
 * its end. */
static void test_a_row_that_is_cut(void **state)
{
	struct state_row row = request(), got;
	struct state_bytes out = {0}, part;
	size_t n;

	(void)state;
	encode(&out, &row);
	for (n = 0; n < out.len; n++) {
		part.p = malloc(n + 1);
		assert_non_null(part.p);
		memcpy(part.p, out.p, n);
		part.len = n;
		assert_int_equal(decode(&got, "r/" ID, &part), ZTP_ERR_VALUE);
		free(part.p);
	}
	out.p[out.len++] = 0;
	assert_int_equal(decode(&got, "r/" ID, &out), ZTP_ERR_VALUE);
	free(out.p);
}

/* A release that does not know the format must not become active. */
static void test_a_newer_format(void **state)
{
	struct state_row row = request(), got;
	struct state_bytes out = {0};

	(void)state;
	encode(&out, &row);
	out.p[0] = STATE_FORMAT + 1;
	assert_int_equal(decode(&got, "r/" ID, &out), ZTP_ERR_STATE_NEWER);
	out.p[0] = 255;
	assert_int_equal(decode(&got, "r/" ID, &out), ZTP_ERR_STATE_NEWER);
	out.p[0] = 0;
	assert_int_equal(decode(&got, "r/" ID, &out), ZTP_ERR_VALUE);
	out.p[0] = 'a';
	assert_int_equal(decode(&got, "r/" ID, &out), ZTP_ERR_VALUE);
	/* A kind of row that this release does not know; and what is none. */
	out.p[0] = STATE_FORMAT + 1;
	assert_int_equal(decode(&got, "new/1", &out), ZTP_ERR_STATE_NEWER);
	out.p[0] = STATE_FORMAT;
	assert_int_equal(decode(&got, "new/1", &out), ZTP_ERR_VALUE);
	out.p[0] = 'a';
	assert_int_equal(decode(&got, "new/1", &out), ZTP_ERR_VALUE);
	free(out.p);
}

static void expect_refused(const struct state_row *row)
{
	struct state_bytes out = {0};

	assert_int_equal(state_row_encode(&out, row, NULL), ZTP_ERR_VALUE);
	free(out.p);
}

static void test_columns_that_cannot_be(void **state)
{
	static const char nul[] = "a\0b";
	struct state_row row;

	(void)state;
	row = request();
	row.cells[STATE_REQUEST_STATE] = number(99); /* used as an index */
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_TODO] = number(-1);
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_N] = number(0);
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_PATH] = number(1);
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_PATH].type = STATE_NULL;
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_PATH].bytes = (struct ztp_str){nul, 3};
	expect_refused(&row);
	row = request();
	row.cells[STATE_REQUEST_FINGERPRINT].bytes.n = 31;
	expect_refused(&row);
	row = request();
	row.name = ztp_str_of("another");
	expect_refused(&row);
	row = request();
	row.count--;
	expect_refused(&row);
}

/* Numbers and lengths that no program writes. */
static void test_bytes_that_cannot_be(void **state)
{
	static const struct {
		uint8_t p[16];
		size_t n;
	} values[] = {
		{{1}, 1},
		{{1, 1}, 2},
		{{1, 1, 0x80}, 3},
		{{1, 4, 0, 1, 0}, 5}, /* no such type */
		{{1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 1, 0},
		 14},		      /* over 64 bits */
		{{1, 3, 1, 1, 0}, 5}, /* a length below 0 */
		{{1, 3, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0}, 8}, /* past the end */
	};
	struct state_row row;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct ztp_str value = {(const char *)values[i].p, values[i].n};

		assert_int_equal(
			state_row_decode(&row, ztp_str_of("j/x"), value, NULL),
			ZTP_ERR_VALUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_the_bytes_have_one_order),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_no_key_of_ours),
		cmocka_unit_test(test_a_row_that_is_cut),
		cmocka_unit_test(test_a_newer_format),
		cmocka_unit_test(test_columns_that_cannot_be),
		cmocka_unit_test(test_bytes_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
