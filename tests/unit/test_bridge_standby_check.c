/* A group's topics and rights, asked of librdkafka's mock cluster, which knows
 * neither descriptions of groups nor settings. */
#include "scratch.h"

#include <poll.h>

#include "bridge/standby/group_rights.h"
#include "bridge/standby/group_topics.h"

#define WAIT_MS	    5000
#define DEADLINE_MS 1000 /* less than librdkafka would take */
#define LOOKS	    3 /* as long as a person has not changed it, there are more */

struct check_case {
	struct config *config;
	struct log log;
	struct core core;
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

/* Kafka is librdkafka's own mock cluster in this process, which a file may not
 * ask for. */
static void play_kafka(struct config *config)
{
	struct config_properties *all = &config->kafka.properties;

	all->items =
		realloc(all->items, (all->count + 1) * sizeof(*all->items));
	assert_non_null(all->items);
	all->items[all->count++] = (struct config_property){
		.name = strdup("test.mock.num.brokers"), .value = strdup("1")};
}

static int setup(void **state)
{
	static const char text[] = "kafka: {}\n";
	struct check_case *c = calloc(1, sizeof(*c));
	struct scratch scratch = {.dir = ""};
	int line;

	assert_non_null(c);
	scratch_make(&scratch);
	scratch_write(scratch.base, text, strlen(text));
	assert_int_equal(
		config_load(&c->config, scratch.base, &line, &c->error), 0);
	scratch_remove(&scratch);
	play_kafka(c->config);
	log_init(&c->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	c->core.config = c->config;
	c->core.log = &c->log;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct check_case *c = *state;

	config_free(c->config);
	log_end(&c->log);
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

	assert_int_equal(group_topics_check(&c->core, &c->error),
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
			group_rights_check(&c->core, WAIT_MS, &c->error), 0);
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
