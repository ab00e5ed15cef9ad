/* Blocking queries to Kafka, on librdkafka's mock cluster. */
#include "core_case.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "bridge/kafka/probe.h"

#define DEADLINE_MS 20000

struct asking {
	struct core_case in;
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

static int setup(void **state)
{
	struct asking *a = calloc(1, sizeof(*a));
	struct ztp_error error = {0};

	assert_non_null(a);
	core_case_make(&a->in, "kafka: {}\n");
	core_case_play_kafka(&a->in);
	a->wake_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(a->wake_fd >= 0);
	pthread_mutex_lock(&making);
	now = a;
	assert_int_equal(probe_new(&a->probe, &a->in.core, a->wake_fd, &error),
			 0);
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
	core_case_end(&a->in);
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
