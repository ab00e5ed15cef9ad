/* Who may ask: the file, the rate, the session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/session.h"
#include "tools/serve/tokens.h"

#define HEX "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static int read_text(struct tokens *tokens, const char *text,
		     struct ztp_error *error)
{
	return tokens_read(tokens, "f", text, strlen(text), error);
}

static struct ztp_str str(const char *text)
{
	return ztp_str_of(text);
}

static void who_may_what(void **state)
{
	struct tokens tokens;
	struct token *token;
	uint8_t hash[ZTP_SHA256_LEN];

	(void)state;
	assert_int_equal(
		read_text(&tokens,
			  "\xef\xbb\xbf# who\r\n\r\nsha256:" HEX
			  "  acme\tother/plant # all of it\r\ncert:" HEX " x",
			  NULL),
		0);
	assert_int_equal(tokens.count, 2);
	ztp_sha256(hash, "test", 4);
	token = tokens_find(&tokens, false, hash);
	assert_non_null(token);
	assert_string_equal(token->name, "token:9f86d081");
	assert_true(token_may(token, str("acme"), str("any")));
	assert_true(token_may(token, str("other"), str("plant")));
	assert_false(token_may(token, str("other"), str("plan")));
	assert_false(token_may(token, str("other"), str("plant2")));
	assert_false(token_may(token, str("acm"), str("any")));
	assert_false(token_may(token, str("x"), str("any")));
	token = tokens_find(&tokens, true, hash);
	assert_non_null(token);
	assert_true(token_may(token, str("x"), str("y")));
	hash[31] ^= 1;
	assert_null(tokens_find(&tokens, false, hash));
	tokens_clear(&tokens);
}

static void what_is_wrong_has_its_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "f names no token"},
		{"\n# x\nsha256:" HEX "\n", "f:3: no scope: nothing is "
					    "allowed"},
		{"sha256:" HEX " a/b/c", "f:1: a scope is a subscription, or "
					 "s/r"},
		{"sha256:" HEX " a/", "f:1: a scope is a subscription, or s/r"},
		{"sha256:" HEX " *", "f:1: a scope is a subscription, or s/r"},
		{"sha256:" HEX "0 a", "f:1: 64 hex digits are expected"},
		{"sha256: a", "f:1: 64 hex digits are expected"},
		{"sha256:" HEX " a\ncert:" HEX " a\nsha256:" HEX " b",
		 "f:3: given more than once"},
		{"cert:" HEX " a\ncert:" HEX " a", "f:2: given more than once"},
		{HEX " a", "f:1: a line begins with sha256: or cert:"},
	};
	struct ztp_error error;
	struct tokens tokens;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_not_equal(read_text(&tokens, cases[i].text, &error),
				     0);
		assert_string_equal(error.message, cases[i].why);
		assert_null(tokens.items);
	}
	assert_int_equal(tokens_read(&tokens, "f", "a\0b", 3, &error),
			 ZTP_ERR_NUL);
}

static void as_many_as_may_be(void **state)
{
	enum { LINE = sizeof("sha256:" HEX " a\n") };
	const size_t line = LINE - 1;
	char *text = malloc((TOKENS_MAX + 1) * line + 1);
	struct ztp_error error;
	struct tokens tokens;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i <= TOKENS_MAX; i++)
		(void)snprintf(text + i * line, LINE, "sha256:%064zx a\n", i);
	assert_int_not_equal(read_text(&tokens, text, &error), 0);
	assert_string_equal(error.message, "f:1001: too many tokens");
	text[TOKENS_MAX * line] = '\0';
	assert_int_equal(read_text(&tokens, text, &error), 0);
	assert_int_equal(tokens.count, TOKENS_MAX);
	tokens_clear(&tokens);
	free(text);
}

static int taken(struct token *token, int64_t now, int tries)
{
	int count = 0;

	while (tries--)
		count += token_count(token, now);
	return count;
}

static void a_hundred_a_second(void **state)
{
	struct token token = {.at = 0};

	(void)state;
	assert_int_equal(taken(&token, 5000, 200), TOKEN_RATE);
	assert_int_equal(taken(&token, 5010, 5), 1);
	assert_int_equal(taken(&token, 5510, 200), TOKEN_RATE / 2);
	assert_int_equal(taken(&token, 5510 + 86400000, 200), TOKEN_RATE);
}

/* A list that was long to make costs as many as it is worth, and no more than a
 * second gives back. */
static void what_costs_more_counts_more(void **state)
{
	struct token token = {.at = 0};

	(void)state;
	assert_int_equal(taken(&token, 5000, 1), 1);
	token_charge(&token, TOKEN_RATE / 2);
	assert_int_equal(taken(&token, 5000, 200), TOKEN_RATE / 2 - 1);
	token_charge(&token, 100000);
	assert_int_equal(taken(&token, 6000, 200), 0);
	assert_int_equal(taken(&token, 6020, 200), 2);
}

static void sessions(void **state)
{
	const int64_t now = 1800000000000;
	char text[SESSION_MAX], changed[SESSION_MAX];
	struct tokens tokens, others;

	(void)state;
	assert_int_equal(read_text(&tokens, "sha256:" HEX " a\n", NULL), 0);
	session_make(text, &tokens.items[0], now);
	assert_ptr_equal(session_find(&tokens, text, now), &tokens.items[0]);
	assert_null(strstr(text, "9f86d081"));
	assert_non_null(
		session_find(&tokens, text, now + (SESSION_S - 1) * 1000LL));
	assert_null(session_find(&tokens, text, now + SESSION_S * 1000LL));
	for (size_t i = 0; text[i]; i++) {
		memcpy(changed, text, sizeof(text));
		changed[i] = changed[i] == '0' ? '1' : '0';
		assert_null(session_find(&tokens, changed, now));
		changed[i] = '\0';
		assert_null(session_find(&tokens, changed, now));
	}
	/* A certificate with the same hash has no session. */
	assert_int_equal(read_text(&others, "cert:" HEX " a\n", NULL), 0);
	assert_null(session_find(&others, text, now));
	tokens_clear(&tokens);
	tokens_clear(&others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_what),
		cmocka_unit_test(what_is_wrong_has_its_line),
		cmocka_unit_test(as_many_as_may_be),
		cmocka_unit_test(a_hundred_a_second),
		cmocka_unit_test(what_costs_more_counts_more),
		cmocka_unit_test(sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
