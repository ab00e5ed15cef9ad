/* Blocking queries to Kafka, on librdkafka's mock cluster. */
#include "scratch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "bridge/kafka/probe.h"

#define DEADLINE_MS 20000

struct asking {
	struct core core;
	struct config *config;
	struct log log;
	struct probe *probe;
	int wake_fd;
	struct probe_status status; /* when the loop was first woken */
	bool woken;
};

/* What write() looks at; locked until it is ready. */
static struct asking *now;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

/* Replaces the C library's: reads what the loop would read at the moment it is
 * woken. */
ssize_t write(int fd, const void *bytes, size_t n)
{
	if (now && fd == now->wake_fd && !now->woken) {
		pthread_mutex_lock(&making);
		probe_status_get(now->probe, &now->status);
		now->woken = true;
		pthread_mutex_unlock(&making);
	}
	return syscall(SYS_write, fd, bytes, n);
}

/* Kafka is librdkafka's own mock cluster in this process, which a file may not
 * ask for. */
static void play_kafka(struct config *config)
{
	struct config_properties *all = &config->kafka.properties;

	all->items =
		realloc(all->items, (all->count + 1) * sizeof(*all->items));
	all->items[all->count++] = (struct config_property){
		.name = strdup("test.mock.num.brokers"), .value = strdup("1")};
}

static struct config *configure(void)
{
	static const char text[] = "kafka: {}\n";
	struct config *config = NULL;
	struct ztp_error error = {0};
	struct scratch scratch = {.dir = ""};
	int line;

	scratch_make(&scratch);
	scratch_write(scratch.base, text, strlen(text));
	assert_int_equal(config_load(&config, scratch.base, &line, &error), 0);
	scratch_remove(&scratch);
	play_kafka(config);
	return config;
}

static int setup(void **state)
{
	struct asking *a = calloc(1, sizeof(*a));
	struct ztp_error error = {0};

	assert_non_null(a);
	a->config = configure();
	a->wake_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(a->wake_fd >= 0);
	log_init(&a->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	ztp_clock_anchor(&a->core.clock, 0);
	a->core.config = a->config;
	a->core.log = &a->log;
	pthread_mutex_lock(&making);
	now = a;
	assert_int_equal(probe_new(&a->probe, &a->core, a->wake_fd, &error), 0);
	pthread_mutex_unlock(&making);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct asking *a = *state;

	probe_free(a->probe);
	now = NULL;
	close(a->wake_fd);
	config_free(a->config);
	free(a);
	return 0;
}

static void wait_for_wake(const struct asking *a)
{
	struct pollfd woken = {.fd = a->wake_fd, .events = POLLIN};
	uint64_t count;

	assert_int_equal(poll(&woken, 1, DEADLINE_MS), 1);
	assert_int_equal(read(a->wake_fd, &count, sizeof(count)),
			 sizeof(count));
}

static void the_news_is_there_when_the_loop_is_woken(void **state)
{
	const struct asking *a = *state;

	wait_for_wake(a);
	assert_true(a->status.up);
	assert_true(a->status.asked_at > 0);
}

static void ends_are_learnt_when_wanted(void **state)
{
	const struct asking *a = *state;
	struct probe_end_offsets ends = {0};

	probe_want_end_offsets(a->probe);
	while (!probe_end_offsets_get(a->probe, 0, &ends))
		wait_for_wake(a);
	assert_true(ends.count > 0);
	assert_int_equal(ends.ends[0], 0);
	/* No round starts unless somebody wants one. */
	assert_false(probe_end_offsets_get(a->probe, ends.asked_at, &ends));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_news_is_there_when_the_loop_is_woken, setup,
			teardown),
		cmocka_unit_test_setup_teardown(ends_are_learnt_when_wanted,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("bridge_kafka_probe", tests, NULL,
					   NULL);
}
