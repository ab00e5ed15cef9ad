/* The writer's thread ends the wait of the broker's loop, whatever else there is
 * to wake it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>

#include "gate/writer.h"
#include "gate_fixture.h"
#include "scratch.h"

#define LONG_MS 60000 /* longer than any commit */

struct woken {
	struct scratch scratch;
	int fd;
	struct ztp_writer *writer;
};

static int begin(void **state)
{
	static struct woken w;

	scratch_make_in_memory(&w.scratch);
	w.fd = open(w.scratch.base, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(w.fd >= 0);
	w.writer = ztp_writer_new(w.fd, w.fd);
	assert_non_null(w.writer);
	*state = &w;
	return 0;
}

static int end(void **state)
{
	struct woken *w = *state;

	ztp_writer_free(w->writer);
	(void)close(w->fd);
	scratch_remove(&w->scratch);
	return 0;
}

/* The loop waits for sockets; here there is none. */
static void wait_as_the_broker(void)
{
	errno = 0;
	assert_int_equal(poll(NULL, 0, LONG_MS), -1);
	assert_int_equal(errno, EINTR);
}

static void test_a_long_wait_ends(void **state)
{
	struct woken *w = *state;
	int failed;

	ztp_writer_commit(w->writer, 1, 1);
	wait_as_the_broker();
	assert_int_equal(ztp_writer_durable(w->writer, &failed), 1);
	assert_int_equal(failed, 0);
}

/* A signal that comes between the look and the wait is lost. */
static void test_it_is_woken_until_it_has_looked(void **state)
{
	struct woken *w = *state;
	int failed;

	ztp_writer_commit(w->writer, 1, 1);
	ztp_writer_wait(w->writer); /* so the first one may be gone */
	wait_as_the_broker();
	wait_as_the_broker();
	assert_int_equal(ztp_writer_durable(w->writer, &failed), 1);
	ztp_writer_commit(w->writer, 2, 1);
	wait_as_the_broker();
}

/* 2.1 sends what was published in a tick only after its next wait. */
static void test_what_a_tick_has_published_waits_for_nothing(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick(); /* all of it is durable and told */
	gate_tick();
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_broker.settle = NULL; /* a tick is one tick */
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/subscribed", DIRECT "a"),
			 2);
	wait_as_the_broker();
	gate_broker.settle = f->entry->settle;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
		T(test_a_long_wait_ends),
		T(test_it_is_woken_until_it_has_looked),
#undef T
	};
	const struct CMUnitTest of_2_1[] = {
		cmocka_unit_test_setup_teardown(
			test_what_a_tick_has_published_waits_for_nothing,
			gate_setup, gate_teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	gate_broker.is_2_1 = true;
	return failed + cmocka_run_group_tests(of_2_1, gate_setup_plugin,
					       gate_teardown_group);
}
