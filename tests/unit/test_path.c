#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/path.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PUMP	     "subscriptions/acme/registries/plant-7/devices/pump-42"

static bool is(struct ztp_str str, const char *text)
{
	return str.n == strlen(text) && memcmp(str.p, text, str.n) == 0;
}

static void path_is_taken_apart(void **state)
{
	struct ztp_path path;

	(void)state;
	assert_int_equal(ztp_path_parse(&path, PUMP, strlen(PUMP), NULL), 0);
	assert_true(is(path.whole, PUMP));
	assert_true(is(path.subscription, "acme"));
	assert_true(is(path.registry, "plant-7"));
	assert_true(is(path.device, "pump-42"));
}

static void path_prefixes_are_refused(void **state)
{
	struct ztp_path path;
	struct ztp_error error;
	size_t shortest = strlen(PUMP) - strlen("ump-42");

	(void)state;
	for (size_t n = 0; n <= strlen(PUMP); n++) {
		char *copy = certs_exact(PUMP, n);
		int rc = ztp_path_parse(&path, copy, n, &error);

		assert_int_equal(rc, n < shortest ? ZTP_ERR_PATH : 0);
		free(copy);
	}
}

static void path_refuses(void **state)
{
	static const char *const bad[] = {
		"/" PUMP,
		PUMP "/",
		PUMP "/events",
		PUMP "\n",
		" " PUMP,
		"Subscriptions/a/registries/b/devices/c",
		"subscriptions//registries/b/devices/c",
		"subscriptions/a/registries//devices/c",
		"subscriptions/a/registries/b/devices/",
		"subscriptions/a/registries/b/devices/+",
		"subscriptions/a/registries/b/devices/#",
		"subscriptions/+/registries/b/devices/c",
		"subscriptions/a/registries/b/devices/.",
		"subscriptions/a/registries/b/devices/..",
		"subscriptions/a/registries/b/devices/-c",
		"subscriptions/a/registries/b/devices/c d",
		"subscriptions/a/registries/b/devices/c\x01",
		"subscriptions/a/registries/b/devices/c\x7f",
		"subscriptions/a/registries/b/devices/\xc3\xa4",
		"subscriptions/a/b/registries/b/devices/c",
		"subscriptions/a/registry/b/devices/c",
	};
	static const char nul[] = "subscriptions/a/registries/b/devices/c\0d";
	struct ztp_path path;
	struct ztp_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
			ztp_path_parse(&path, bad[i], strlen(bad[i]), &error),
			ZTP_ERR_PATH);
		assert_int_equal(error.code, ZTP_ERR_PATH);
	}
	assert_int_equal(ztp_path_parse(&path, nul, sizeof nul - 1, NULL),
			 ZTP_ERR_PATH);
}

static void id_of_255_bytes_and_no_more(void **state)
{
	char id[257], text[ZTP_PATH_MAX + 2];
	struct ztp_path path;
	int n;

	(void)state;
	memset(id, 'a', 256);
	assert_true(ztp_id_valid(id, 1));
	assert_true(ztp_id_valid(id, 255));
	assert_false(ztp_id_valid(id, 256));
	assert_false(ztp_id_valid(id, 0));
	n = snprintf(text, sizeof text,
		     "subscriptions/%.255s/registries/%.255s/devices/%.255s",
		     id, id, id);
	assert_int_equal(n, ZTP_PATH_MAX);
	assert_int_equal(ztp_path_parse(&path, text, (size_t)n, NULL), 0);
	text[n] = 'a';
	assert_int_equal(ztp_path_parse(&path, text, (size_t)n + 1, NULL),
			 ZTP_ERR_PATH);
}

static void id_alphabet(void **state)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char more[] = "._~%-";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char id[2] = {'a', (char)c};
		bool alnum = c && strchr(first, c);

		assert_int_equal(ztp_id_valid(id + 1, 1), alnum);
		assert_int_equal(ztp_id_valid(id, 2),
				 alnum || (c && strchr(more, c)));
	}
}

static void topic_is_rendered(void **state)
{
	static const char *const vectors[][2] = {
		{"{device_path}/commands", PUMP "/commands"},
		{"/devices/{device}/commands", "/devices/pump-42/commands"},
		{"/{registry}/{device}/commands", "/plant-7/pump-42/commands"},
		{"to/{subscription}-{registry}.{device}",
		 "to/acme-plant-7.pump-42"},
		{"\xc3\xa4/{device}", "\xc3\xa4/pump-42"},
		{"a b\xc2\xa0/{device}", "a b\xc2\xa0/pump-42"},
	};
	struct ztp_path path;
	char topic[ZTP_TOPIC_MAX + 1];

	(void)state;
	assert_int_equal(ztp_path_parse(&path, PUMP, strlen(PUMP), NULL), 0);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		assert_int_equal(ztp_topic_check(vectors[i][0], NULL), 0);
		assert_int_equal(ztp_topic_render(topic, vectors[i][0], &path),
				 strlen(vectors[i][1]));
		assert_string_equal(topic, vectors[i][1]);
	}
}

static void topic_template_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"commands",
		"{registry}/commands",
		"{device",
		"x/{device}/{unknown}",
		"x/{Device}",
		"x/{device}}",
		"x/{{device}",
		"x/{}{device}",
		"x/{device}/+",
		"#/{device}",
		"$SYS/{device}",
		"x/{device}/\n",
		"x/{device}/\x7f",
		"x/{device}/\xc2\x85",
		"x/{device}/\xff",
		"x/{device}/\xed\xa0\x80",
		"{device_path}/x/{device}", /* up to 1058 bytes */
	};
	struct ztp_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (ztp_topic_check(bad[i], &error) != ZTP_ERR_VALUE)
			fail_msg("accepted %s", bad[i]);
}

/* Whatever devices are called, a command topic is not the topic of anybody
 * else, and not above or below one. */
static void topic_is_of_commands_only(void **state)
{
	static const struct {
		const char *template;
		bool good;
	} vectors[] = {
		{"{device_path}/commands", true},
		{"{device_path}/a/events", true},
		{"{device_path}/event", true},
		{"{device_path}/eventss", true},
		{"x/{device}", true},
		{"x/{device}/events", true},
		{"/{device}", true},
		{"/ztp/{device}", true},
		{"ztp-commands/{device}", true},
		{"to/{device_path}", true},
		{"{device}", false}, /* "subscriptions" */
		{"{device}/commands", false},
		{"{registry}/{device}/commands", false}, /* ztp/v1/pending */
		{"sub{device}/commands", false},
		{"x{device}/commands", false},
		{"{device_path}", false},
		{"{device_path}x/commands", false}, /* pump-4's is pump-42's */
		{"{device_path}{device}/commands", false},
		{"{device_path}/events", false},
		{"{device_path}/events/commands", false},
		{"{device_path}/state/commands", false},
		{"{device_path}/config/commands", false},
		{"{device_path}/{device}", false},
		{"{device_path}/{device}/commands", false},
		{"{device_path}/{registry}{device}", false},
		{"{device_path}/ev{device}s", false},
		{"subscriptions/{device}", false},
		{"subscriptions/{subscription}/registries/{registry}"
		 "/devices/{device}/commands",
		 false},
		{"ztp/{device}", false},
		{"$x/{device}", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++)
		if ((ztp_topic_check(vectors[i].template, NULL) == 0) !=
		    vectors[i].good)
			fail_msg("%s", vectors[i].template);
}

static void topic_as_long_as_it_may_be(void **state)
{
	char template[512], id[ZTP_ID_MAX + 1], text[ZTP_PATH_MAX + 1];
	char topic[ZTP_TOPIC_MAX + 1];
	struct ztp_error error;
	struct ztp_path path;

	(void)state;
	memset(id, 'i', ZTP_ID_MAX);
	id[ZTP_ID_MAX] = '\0';
	snprintf(text, sizeof text, "subscriptions/%s/registries/%s/devices/%s",
		 id, id, id);
	assert_int_equal(ztp_path_parse(&path, text, strlen(text), NULL), 0);
	memset(template, 'x', sizeof template);
	memcpy(template, "{device_path}/", 14);
	template[13 + ZTP_TOPIC_MAX - ZTP_PATH_MAX] = '\0';
	assert_int_equal(ztp_topic_check(template, &error), 0);
	assert_int_equal(ztp_topic_render(topic, template, &path),
			 ZTP_TOPIC_MAX);
	template[13 + ZTP_TOPIC_MAX - ZTP_PATH_MAX] = 'x';
	template[13 + ZTP_TOPIC_MAX - ZTP_PATH_MAX + 1] = '\0';
	assert_int_equal(ztp_topic_check(template, &error), ZTP_ERR_VALUE);
}

static void topic_that_two_paths_may_share(void **state)
{
	static const struct {
		const char *template;
		bool unique;
	} vectors[] = {
		{"{device_path}/commands", true},
		{"x{device_path}", true},
		{"{subscription}/{registry}/{device}", true},
		{"/x-{device}/{registry}/y/{subscription}", true},
		{"/devices/{device}/commands", false},
		{"/{registry}/{device}/commands", false},
		{"{subscription}-{registry}/{device}", false},
		{"{subscription}{registry}{device}", false},
		{"{subscription}-{registry}/{device}/{registry}", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++)
		assert_int_equal(ztp_topic_unique(vectors[i].template),
				 vectors[i].unique);
}

static void registry_names(void **state)
{
	(void)state;
	assert_true(ztp_registry_name_valid("acme/plant-7"));
	assert_false(ztp_registry_name_valid("acme"));
	assert_false(ztp_registry_name_valid("acme/"));
	assert_false(ztp_registry_name_valid("/plant-7"));
	assert_false(ztp_registry_name_valid("acme/plant/7"));
	assert_false(ztp_registry_name_valid("acme/plant 7"));
	assert_false(ztp_registry_name_valid(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registry_names),
		cmocka_unit_test(path_is_taken_apart),
		cmocka_unit_test(path_prefixes_are_refused),
		cmocka_unit_test(path_refuses),
		cmocka_unit_test(id_of_255_bytes_and_no_more),
		cmocka_unit_test(id_alphabet),
		cmocka_unit_test(topic_is_rendered),
		cmocka_unit_test(topic_template_refuses),
		cmocka_unit_test(topic_is_of_commands_only),
		cmocka_unit_test(topic_as_long_as_it_may_be),
		cmocka_unit_test(topic_that_two_paths_may_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
