/* A group's topics and rights, asked of librdkafka's mock cluster, which knows
 * neither descriptions of groups nor settings. */
#include "core_case.h"

#include <poll.h>

#include "bridge/standby/group_rights.h"
#include "bridge/standby/group_topics.h"

#define WAIT_MS	    5000
#define DEADLINE_MS 1000 /* less than librdkafka would take */
#define LOOKS	    3 /* as long as a person has not changed it, there are more */

struct check_case {
	struct core_case in;
	struct ztp_error error;
};

/* The threads of this process. */
static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static int setup(void **state)
{
	struct check_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {}\n");
	core_case_play_kafka(&c->in);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct check_case *c = *state;

	core_case_end(&c->in);
	free(c);
	return 0;
}

/* One that has been joined is listed for a moment longer. */
static void expect_threads(int count)
{
	int ms;

	for (ms = 0; threads() != count && ms < DEADLINE_MS; ms++)
		(void)poll(NULL, 0, 1);
	assert_int_equal(threads(), count);
}

static void what_it_must_know_is_named(void **state)
{
	struct check_case *c = *state;

	assert_int_equal(group_topics_check(&c->in.core, NULL, &c->error),
			 ZTP_ERR_VALUE);
	assert_non_null(strstr(c->error.message, "must be 2.5 or later"));
}

/* Each look ends, and leaves nothing. */
static void rights_are_asked_for_all_the_same(void **state)
{
	struct check_case *c = *state;
	int before = threads(), i;

	for (i = 0; i < LOOKS; i++) {
		assert_int_equal(
			group_rights_check(&c->in.core, WAIT_MS, &c->error), 0);
		expect_threads(before);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_it_must_know_is_named),
		TEST(rights_are_asked_for_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
