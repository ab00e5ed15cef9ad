/*
 * tests/unit/gate_full.h - a disk that takes no more writes, under a gate. For
 * tests that are linked with one.
 */
#ifndef ZTP_TESTS_GATE_FULL_H
#define ZTP_TESTS_GATE_FULL_H

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "gate/rest.h"
#include "gate_fixture.h"

#define GATE_AUDIT "ztp/v1/audit"

/* Files grow no further: this is what the database sees of a full disk. */
static inline void gate_set_full(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 1 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The thread that writes has failed, and commits wait for the disk. */
static inline void gate_fill_disk(struct gate_fixture *f)
{
	gate_set_full(true);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "first", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_tick();
	assert_true(gate_published_count(GATE_AUDIT, "not_stored") > 0);
}

/* Until it tries to write again. */
static inline void gate_let_it_rest(void)
{
	int64_t until = ztp_clock_boot() + ZTP_REST_MIN_MS;

	while (ztp_clock_boot() < until)
		;
}

/* A new device is refused in either registry, also when the gate has rested. */
static inline void gate_refuses(struct gate_fixture *f, const char *custom,
				const char *direct, int cert)
{
	gate_let_it_rest();
	assert_int_equal(gate_connect(gate_first(f, custom, cert)),
			 MOSQ_ERR_AUTH);
	gate_let_it_rest();
	assert_int_equal(gate_connect(gate_first(f, direct, cert)),
			 MOSQ_ERR_AUTH);
	gate_tick();
}

/* The plugin's thread is the only one beside the test's. */
static inline bool gate_has_thread(void)
{
	DIR *folder = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count > 3; /* with . and .. */
}

/* Until the thread writes again, after a failure. */
static inline void gate_let_it_trust(struct gate_fixture *f)
{
	do {
		gate_let_it_rest();
		gate_ok(f, "\"command\":\"modifyRegistry\",\"registry\":"
			   "\"acme/custom\"");
	} while (!gate_has_thread());
}

static inline int gate_full_begin(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	return gate_setup(state);
}

static inline int gate_full_end(void **state)
{
	gate_set_full(false);
	return gate_teardown(state);
}

#endif
