/* What a bridge calls itself in its Kafka group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ztp/group_member.h"

static void what_is_written_is_read(void **unused)
{
	static const struct ztp_group_member members[] = {
		{1764403200123, "bridge-1", "0.9.0", "http://10.0.0.1:9464"},
		{0, "a", "1", ""},
		{9999999999999, "A.b_c-9", "0.9.0-12-gabc~deb1:2+x",
		 "https://[::1]:9464/a?b=c#d"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		char text[ZTP_GROUP_MEMBER_MAX + 1];
		struct ztp_group_member read;
		struct ztp_error error = {0};

		assert_int_equal(
			ztp_group_member_write(text, &members[i], &error), 0);
		assert_true(ztp_group_member_read(&read, text));
		assert_int_equal(read.joined_at, members[i].joined_at);
		assert_string_equal(read.instance, members[i].instance);
		assert_string_equal(read.version, members[i].version);
		assert_string_equal(read.advertise, members[i].advertise);
	}
}

static void it_is_written_so(void **unused)
{
	const struct ztp_group_member member = {17, "b", "1.0", "http://b"};
	char text[ZTP_GROUP_MEMBER_MAX + 1];
	struct ztp_error error = {0};

	(void)unused;
	assert_int_equal(ztp_group_member_write(text, &member, &error), 0);
	assert_string_equal(text, "0000000000017-b;1.0;http://b");
}

/* As bytes, which is how librdkafka sorts. */
static void who_joined_later_sorts_behind(void **unused)
{
	const struct ztp_group_member first = {999, "zulu", "1", ""};
	const struct ztp_group_member second = {1000, "alpha", "1", ""};
	char a[ZTP_GROUP_MEMBER_MAX + 1], b[ZTP_GROUP_MEMBER_MAX + 1];
	struct ztp_error error = {0};

	(void)unused;
	assert_int_equal(ztp_group_member_write(a, &first, &error), 0);
	assert_int_equal(ztp_group_member_write(b, &second, &error), 0);
	assert_true(strcmp(a, b) < 0);
}

static void all_of_the_longest_fits(void **unused)
{
	struct ztp_group_member member = {9999999999999, "", "", "http://"};
	char text[ZTP_GROUP_MEMBER_MAX + 1];
	struct ztp_error error = {0};

	(void)unused;
	memset(member.instance, 'i', ZTP_INSTANCE_MAX);
	memset(member.version, '1', ZTP_VERSION_MAX);
	memset(member.advertise + 7, 'h', ZTP_ADVERTISE_MAX - 7);
	assert_int_equal(ztp_group_member_write(text, &member, &error), 0);
	assert_int_equal(strlen(text), ZTP_GROUP_MEMBER_MAX);
	assert_true(ztp_group_member_read(&member, text));
}

static void what_is_not_a_bridge_is_not_read(void **unused)
{
	static const char *const texts[] = {
		"",
		"rdkafka",
		"0000000000017",
		"0000000000017-",
		"0000000000017-b",
		"0000000000017-b;1.0",
		"0000000000017-;1.0;http://b",
		"0000000000017-b;;http://b",
		"000000000017-b;1.0;http://b",
		"00000000000017-b;1.0;http://b",
		"000000000001x-b;1.0;http://b",
		"-000000000017-b;1.0;http://b",
		"0000000000017-b c;1.0;http://b",
		"0000000000017-b;1.0\n;http://b",
		"0000000000017-b;1.0;http://b;x",
		"0000000000017-b;1.0;javascript:alert(1)",
		"0000000000017-b;1.0;http://",
		"0000000000017-b;1.0;http:///x",
		"0000000000017-b;1.0;http://\"onclick",
		"0000000000017-b;1.0;http://b'",
		"0000000000017-b;1.0;http://b<",
		"0000000000017-b;1.0;http://b\x80",
	};
	struct ztp_group_member member;

	(void)unused;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (ztp_group_member_read(&member, texts[i]))
			fail_msg("%s", texts[i]);
}

static void too_long_is_not_read(void **unused)
{
	char text[2 * ZTP_GROUP_MEMBER_MAX] = "0000000000017-";
	size_t n = strlen(text);
	struct ztp_group_member member;

	(void)unused;
	memset(text + n, 'i', ZTP_INSTANCE_MAX);
	memcpy(text + n + ZTP_INSTANCE_MAX, ";1;", 4);
	assert_true(ztp_group_member_read(&member, text));
	memset(text + n, 'i', ZTP_INSTANCE_MAX + 1);
	memcpy(text + n + ZTP_INSTANCE_MAX + 1, ";1;", 4);
	assert_false(ztp_group_member_read(&member, text));
	/* An address may be missing, but not be too long. */
	n += (size_t)snprintf(text + n, sizeof(text) - n, "b;1;http://");
	memset(text + n, 'h', ZTP_ADVERTISE_MAX - 7);
	text[n + ZTP_ADVERTISE_MAX - 7] = '\0';
	assert_true(ztp_group_member_read(&member, text));
	memcpy(text + n + ZTP_ADVERTISE_MAX - 7, "h", 2);
	assert_false(ztp_group_member_read(&member, text));
}

static void what_is_not_valid_is_not_written(void **unused)
{
	static const struct ztp_group_member members[] = {
		{-1, "b", "1", ""},	    {10000000000000, "b", "1", ""},
		{1, "", "1", ""},	    {1, "b;c", "1", ""},
		{1, "b", "", ""},	    {1, "b", "1;2", ""},
		{1, "b", "1", "http://b;"}, {1, "b", "1", "ftp://b"},
	};
	char text[ZTP_GROUP_MEMBER_MAX + 1];
	struct ztp_error error = {0};

	(void)unused;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		assert_int_equal(
			ztp_group_member_write(text, &members[i], &error),
			ZTP_ERR_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(it_is_written_so),
		cmocka_unit_test(who_joined_later_sorts_behind),
		cmocka_unit_test(all_of_the_longest_fits),
		cmocka_unit_test(what_is_not_a_bridge_is_not_read),
		cmocka_unit_test(too_long_is_not_read),
		cmocka_unit_test(what_is_not_valid_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
