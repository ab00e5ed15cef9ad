/*
 * tests/unit/decision_case.h - shared by the decision tests: the start of a
 * valid decision, and functions that parse a copy whose end ASan guards.
 */
#ifndef ZTP_TESTS_DECISION_CASE_H
#define ZTP_TESTS_DECISION_CASE_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"
#include "ztp/decision.h"

#define PATH  "subscriptions/acme/registries/plant-7/devices/pump-42"
#define HEAD  "\"request_id\":\"0192f3a1-x\",\"device_path\":\"" PATH "\""
#define OK    "{" HEAD ",\"decision\":\"approve\""
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define HEX64 "9f00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEE"
#define HEADER(name, value)                                                    \
	{                                                                      \
		name,                                                          \
		{                                                              \
			value, sizeof(value) - 1                               \
		}                                                              \
	}
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Headers of a CloudEvent in binary mode. */
static const struct ztp_header binary[] = {
	HEADER("ce_specversion", "1.0"),
	HEADER("ce_id", "1"),
	HEADER("ce_source", "/customer"),
	HEADER("ce_type", "x"),
	HEADER("content-type", "application/json"),
};

static inline int parse_with(struct ztp_decision *decision, const char *text,
			     const struct ztp_header *headers, size_t count)
{
	size_t n = strlen(text);
	char *copy = exact_copy(text, n);
	struct ztp_error error = {.code = ZTP_OK};
	int rc = ztp_decision_parse(decision, copy, n, headers, count, &error);

	assert_int_equal(rc, error.code);
	free(copy);
	return rc;
}

static inline void refused_with(const char *text,
				const struct ztp_header *headers, size_t count,
				int want)
{
	struct ztp_decision decision;
	int rc = parse_with(&decision, text, headers, count);

	exact_code(text, rc, want);
	if (!rc)
		ztp_decision_clear(&decision);
}

/* n letters between an opening and a closing text. */
static inline char *sized(const char *before, size_t n, const char *after)
{
	char *text = malloc(strlen(before) + n + strlen(after) + 1), *p;

	assert_non_null(text);
	p = stpcpy(text, before);
	memset(p, 'A', n);
	(void)stpcpy(p + n, after);
	return text;
}

static inline void take(struct ztp_decision *decision, const char *text)
{
	exact_code(text, parse_with(decision, text, NULL, 0), 0);
}

static inline void payload_is(const struct ztp_decision *decision,
			      enum ztp_payload_kind kind, const char *want)
{
	assert_int_equal(decision->payload.kind, kind);
	assert_int_equal(decision->payload.len, strlen(want));
	assert_memory_equal(decision->payload.data, want, strlen(want));
}

#endif
