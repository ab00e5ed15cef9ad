/* Log lines, read through a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "base/log.h"
#include "ztp/codec.h"
#include "ztp/json.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct log log;
	int pipe[2];
	char line[2 * LOG_LINE_MAX];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(pipe2(f->pipe, O_NONBLOCK), 0);
	log_init(&f->log, f->pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->pipe[0]);
	close(f->pipe[1]);
	free(f);
	return 0;
}

/* What has been written since the last call, or "". */
static const char *got(struct fixture *f)
{
	ssize_t n = read(f->pipe[0], f->line, sizeof(f->line) - 1);

	f->line[n > 0 ? n : 0] = '\0';
	return f->line;
}

/* The same without its time, which must be valid. */
static const char *untimed(struct fixture *f)
{
	const char *line = got(f);
	int64_t ms;

	assert_int_equal(strncmp(line, "ts=", 3), 0);
	assert_true(ztp_time_parse(&ms, line + 3, ZTP_TIME_LEN - 1));
	assert_int_equal(line[3 + ZTP_TIME_LEN - 1], ' ');
	return line + 3 + ZTP_TIME_LEN;
}

static void fields_in_order(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[3] = {0x00, 0xab, 0xff};

	log_warn(&f->log, "mqtt_lost", LOG_STR("url", "mqtt://h:1883"),
		 LOG_INT("rc", -7), LOG_UINT("big", UINT64_MAX),
		 LOG_BOOL("again", true), LOG_HEX("fingerprint", bytes, 3),
		 LOG_STR("absent", NULL), LOG_STR("empty", ""));
	assert_string_equal(untimed(f),
			    "level=warn event=mqtt_lost url=mqtt://h:1883 "
			    "rc=-7 big=18446744073709551615 again=true "
			    "fingerprint=00abff empty=\"\"\n");
	log_info(&f->log, "alone");
	assert_string_equal(untimed(f), "level=info event=alone\n");
}

static void errors_are_two_fields(void **state)
{
	struct fixture *f = *state;
	struct ztp_error why;

	ztp_fail(&why, ZTP_ERR_FULL, "no space left");
	log_error(&f->log, "store_failed", LOG_WHY(&why));
	assert_string_equal(untimed(f), "level=error event=store_failed "
					"code=full error=\"no space left\"\n");
	log_error(&f->log, "x", LOG_WHY((struct ztp_error *)NULL));
	assert_string_equal(untimed(f), "level=error event=x\n");
}

static void values_cannot_forge(void **state)
{
	static const struct {
		const char *value, *logfmt, *json;
	} rows[] = {
		{"plain", "plain", "\"plain\""},
		{"a b", "\"a b\"", "\"a b\""},
		{"a=b", "\"a=b\"", "\"a=b\""},
		{"q\"q", "\"q\\\"q\"", "\"q\\\"q\""},
		{"b\\s", "\"b\\\\s\"", "\"b\\\\s\""},
		{"x\nts=1", "\"x\\nts=1\"", "\"x\\nts=1\""},
		{"\t\r", "\"\\t\\r\"", "\"\\t\\r\""},
		{"\x1b[2J", "\"\\u001b[2J\"", "\"\\u001b[2J\""},
		{"\x7f", "\"\\u007f\"", "\"\\u007f\""},
		{"\xc2\x9b", "\"\\u009b\"", "\"\\u009b\""},
		{"\xc3\xa9", "\"\xc3\xa9\"", "\"\xc3\xa9\""},
		{"\xff", "\"\xef\xbf\xbd\"", "\"\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"cut\xe2\x82", "\"cut\xef\xbf\xbd\xef\xbf\xbd\"",
		 "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	struct fixture *f = *state;
	struct log json;
	char want[128];

	log_init(&json, f->pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_JSON);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), "level=info event=e v=%s\n",
			 rows[i].logfmt);
		log_info(&f->log, "e", LOG_STR("v", rows[i].value));
		assert_string_equal(untimed(f), want);
		snprintf(want, sizeof(want),
			 "\"level\":\"info\",\"event\":\"e\",\"v\":%s}\n",
			 rows[i].json);
		log_info(&json, "e", LOG_STR("v", rows[i].value));
		assert_non_null(strstr(got(f), want));
	}
}

static void a_nul_is_escaped(void **state)
{
	struct fixture *f = *state;

	log_info(&f->log, "e", LOG_STRN("v", "a\0b", 3));
	assert_string_equal(untimed(f), "level=info event=e v=\"a\\u0000b\"\n");
}

static void levels(void **state)
{
	struct fixture *f = *state;

	log_debug(&f->log, "hidden");
	assert_string_equal(got(f), "");
	log_set_level(&f->log, LOG_LEVEL_DEBUG);
	log_debug(&f->log, "shown");
	assert_string_equal(untimed(f), "level=debug event=shown\n");
	log_set_level(&f->log, LOG_LEVEL_ERROR);
	log_warn(&f->log, "hidden");
	assert_string_equal(got(f), "");
	assert_false(log_enabled(&f->log, LOG_LEVEL_WARN));
	log_info(NULL, "nobody"); /* must not crash */
}

/* Lengths around the limit, in both formats. The result is one line that fits
 * in PIPE_BUF, complete or marked as cut, and in JSON still an object. */
static void long_lines_are_cut(void **state)
{
	struct fixture *f = *state;
	char *value = malloc(LOG_LINE_MAX * 2);
	int whole = 0, cut = 0;

	assert_non_null(value);
	for (int json = 0; json < 2; json++) {
		log_init(&f->log, f->pipe[1], LOG_LEVEL_INFO,
			 json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);
		for (size_t n = LOG_LINE_MAX - 160; n < LOG_LINE_MAX + 20;
		     n++) {
			memset(value, n % 3 ? 'x' : '\n', n);
			log_info(&f->log, "e", LOG_STRN("v", value, n),
				 LOG_STRN("more", value, 9), LOG_INT("n", 7));
			const char *line = got(f);
			size_t len = strlen(line);
			assert_true(len <= LOG_LINE_MAX);
			assert_ptr_equal(strchr(line, '\n'), line + len - 1);
			bool marked = strstr(line, json ? ",\"truncated\":true}"
							: " truncated=true");
			assert_true(marked ||
				    strstr(line, json ? "\"n\":7}" : " n=7"));
			whole += !marked;
			cut += marked;
			if (json) {
				assert_int_equal(ztp_json_check(line, len - 1,
								LOG_LINE_MAX,
								NULL),
						 0);
			}
		}
	}
	assert_true(whole > 0 && cut > 0);
	free(value);
}

static void errno_is_kept(void **state)
{
	struct fixture *f = *state;
	struct log closed;

	log_init(&closed, -1, LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	errno = ENOSPC;
	log_info(&closed, "lost");
	log_info(&f->log, "kept");
	assert_int_equal(errno, ENOSPC);
}

static void *write_many(void *arg)
{
	struct log *log = arg;

	for (int i = 0; i < 200; i++)
		log_info(log, "many", LOG_STR("pad", "0123456789012345"));
	return NULL;
}

/* Lines from several threads never mix. */
static void threads(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[3];
	char text[64];
	size_t lines = 0;
	FILE *file = tmpfile();
	char *line = NULL;
	size_t cap = 0;

	assert_non_null(file);
	/* O_APPEND, as when stderr goes to a file */
	assert_int_equal(fcntl(fileno(file), F_SETFL, O_APPEND), 0);
	log_init(&f->log, fileno(file), LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, write_many, &f->log),
			0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	rewind(file);
	snprintf(text, sizeof(text), " level=info event=many pad=%s\n",
		 "0123456789012345");
	while (getline(&line, &cap, file) > 0) {
		assert_string_equal(line + 3 + ZTP_TIME_LEN - 1, text);
		lines++;
	}
	assert_int_equal(lines, 600);
	free(line);
	fclose(file);
}

static void limits(void **state)
{
	struct log_limit limit = {0};
	uint64_t held = 99;

	(void)state;
	assert_true(log_every(&limit, 1000, 5000, &held));
	assert_int_equal(held, 0);
	assert_false(log_every(&limit, 1000, 5000, &held));
	assert_false(log_every(&limit, 1000, 5999, &held));
	assert_true(log_every(&limit, 1000, 6000, &held));
	assert_int_equal(held, 2);
	assert_false(log_every(&limit, 1000, 6001, NULL));
	assert_true(log_every(&limit, 1000, 9000, NULL));
	assert_true(log_every(&limit, 1000, 10000, &held));
	assert_int_equal(held, 0);
}

/* --- a transaction's lines */

struct other {
	struct log *log;
	const char *event;
};

static void *say(void *arg)
{
	const struct other *other = arg;

	log_info(other->log, other->event);
	return NULL;
}

static void lines_wait_for_their_commit(void **state)
{
	struct fixture *f = *state;
	struct other other = {&f->log, "elsewhere"};
	struct log_held held = {0};
	const char *first;
	pthread_t thread;

	log_hold(&f->log, &held);
	log_info(&f->log, "first");
	log_said(&f->log, "second");
	assert_string_equal(got(f), "");
	log_warn(&f->log, "trouble"); /* not about what will have happened */
	assert_string_equal(untimed(f), "level=warn event=trouble\n");
	assert_int_equal(pthread_create(&thread, NULL, say, &other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(untimed(f), "level=info event=elsewhere\n");
	log_hold(&f->log, NULL);
	log_info(&f->log, "free");
	assert_string_equal(untimed(f), "level=info event=free\n");
	log_write_held(&f->log, &held);
	first = strstr(got(f), "event=first\n");
	assert_non_null(first);
	assert_non_null(strstr(first, "\nts="));
	assert_non_null(strstr(first, "event=second\n"));
	log_write_held(&f->log, &held); /* once */
	assert_string_equal(got(f), "");
	log_held_free(&held);
}

static void what_is_undone_was_not_said(void **state)
{
	struct fixture *f = *state;
	struct log_held held = {0};

	log_hold(&f->log, &held);
	log_info(&f->log, "undone");
	log_held_forget(&held);
	log_info(&f->log, "done");
	log_hold(&f->log, NULL);
	log_write_held(&f->log, &held);
	assert_string_equal(untimed(f), "level=info event=done\n");
	log_held_free(&held);
}

/* Nothing is lost by it. */
static void too_many_lines_are_written_at_once(void **state)
{
	struct fixture *f = *state;
	struct log_held held = {0};
	char text[1000], *p;
	int i, n = 0;

	memset(text, 'x', sizeof(text));
	log_hold(&f->log, &held);
	for (i = 0; i < LOG_HELD_MAX / 1000 && !*got(f); i++)
		log_info(&f->log, "long", LOG_STRN("text", text, sizeof(text)));
	log_hold(&f->log, NULL);
	assert_in_range(i, LOG_HELD_MAX / 1200, LOG_HELD_MAX / 1000 - 1);
	assert_true(held.n <= LOG_HELD_MAX);
	for (p = held.text; p && p < held.text + held.n; p++) {
		p = memchr(p, '\n', held.n - (size_t)(p - held.text));
		n++;
	}
	assert_int_equal(n, i); /* one in front, and all but the last */
	log_held_free(&held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Whatever was in the memory before. */
static void warnings_are_bounded(void **state)
{
	static const char loud[] = "loud";
	struct fixture *f = *state;
	int i;

	log_end(&f->log);
	memset(&f->log, 0x5a, sizeof(f->log));
	log_init(&f->log, f->pipe[1], LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	for (i = 0; i < LOG_FLOW_AT_ONCE; i++) {
		log_warn(&f->log, loud);
		assert_string_equal(untimed(f), "level=warn event=loud\n");
	}
	for (i = 0; i < 3 * LOG_FLOW_AT_ONCE; i++)
		log_said(&f->log, loud);
	log_info(&f->log, "calm");
	assert_non_null(strstr(got(f), "event=calm"));
}

/* Only this many bytes at once, and a line for which there was some room. */
static void long_warnings_are_fewer(void **state)
{
	static const char loud[] = "loud";
	static char text[2 * LOG_LINE_MAX];
	struct fixture *f = *state;
	size_t sum = 0;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	for (i = 0; i < LOG_FLOW_AT_ONCE; i++) {
		log_error(&f->log, loud, LOG_STR("text", text));
		sum += strlen(got(f));
	}
	assert_in_range(sum, LOG_FLOW_EVENT_BYTES,
			LOG_FLOW_EVENT_BYTES + LOG_LINE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_in_order),
		TEST(errors_are_two_fields),
		TEST(values_cannot_forge),
		TEST(a_nul_is_escaped),
		TEST(levels),
		TEST(long_lines_are_cut),
		TEST(errno_is_kept),
		TEST(threads),
		TEST(limits),
		TEST(lines_wait_for_their_commit),
		TEST(what_is_undone_was_not_said),
		TEST(too_many_lines_are_written_at_once),
		TEST(warnings_are_bounded),
		TEST(long_warnings_are_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
