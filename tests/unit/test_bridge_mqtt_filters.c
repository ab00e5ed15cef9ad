/* What the intake's session is subscribed to, over several configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/mqtt/filters.h"

static void expect_row(const struct filters *f, const char *wanted)
{
	char *row = filters_row(f);

	assert_non_null(row);
	assert_string_equal(row, wanted);
	free(row);
}

static void begin(struct filters *f, char **topics, enum config_registrar who,
		  const char *row)
{
	struct config_mqtt mqtt = {.pending_topics.items = topics,
				   .registrar = who};
	struct ztp_error error = {0};

	while (topics[mqtt.pending_topics.count])
		mqtt.pending_topics.count++;
	assert_int_equal(filters_init(f, &mqtt, row, &error), 0);
}

static void test_the_first_start(void **state)
{
	char a[] = "ask/a", b[] = "ask/b";
	char *topics[] = {a, b, NULL};
	struct filters f;

	(void)state;
	begin(&f, topics, CONFIG_REGISTRAR_GATE, "");
	assert_int_equal(f.count, 5);
	assert_int_equal(f.left_count, 0);
	expect_row(&f, "ask/a\nask/b\nztp/v1/audit\nztp/v1/audits\n"
		       "ztp/v1/withdrawn\n");
	filters_clear(&f);
}

/* Until it is unsubscribed, the row has it; another topic may begin alike. */
static void test_what_is_no_longer_named_is_left(void **state)
{
	char a[] = "ask/a";
	char *topics[] = {a, NULL};
	struct filters f;

	(void)state;
	begin(&f, topics, CONFIG_REGISTRAR_NONE, "ask/a\nask/ab\nask\n");
	assert_int_equal(f.count, 1);
	assert_int_equal(f.left_count, 2);
	expect_row(&f, "ask/a\nask/ab\nask\n");
	filters_left_done(&f);
	filters_left_done(&f);
	expect_row(&f, "ask/a\n");
	filters_clear(&f);
}

static void test_the_gates_topics_are_left_without_it(void **state)
{
	char a[] = "ask/a";
	char *topics[] = {a, NULL};
	struct filters f;

	(void)state;
	begin(&f, topics, CONFIG_REGISTRAR_NONE,
	      "ask/a\nztp/v1/audit\nztp/v1/withdrawn\n");
	assert_int_equal(f.left_count, 2);
	filters_clear(&f);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	char a[] = "ask/a", row[FILTERS_LEFT_MAX * 32] = "";
	char *topics[] = {a, NULL};
	struct filters f;

	(void)state;
	for (int i = 0; i < FILTERS_LEFT_MAX + 5; i++)
		snprintf(row + strlen(row), sizeof(row) - strlen(row),
			 "old/%d\n", i);
	begin(&f, topics, CONFIG_REGISTRAR_NONE, row);
	assert_int_equal(f.left_count, FILTERS_LEFT_MAX);
	filters_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_start),
		cmocka_unit_test(test_what_is_no_longer_named_is_left),
		cmocka_unit_test(test_the_gates_topics_are_left_without_it),
		cmocka_unit_test(test_no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
