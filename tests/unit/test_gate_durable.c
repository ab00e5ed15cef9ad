/* Nothing is told before it is durable, CONNACK waits for no disk, and what
 * hangs on a commit that is lost ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gate/gate.h"
#include "gate_disk.h"
#include "gate_fixture.h"
#include "scratch.h"

#define RESPONSE "$CONTROL/ztp/v1/response"
#define PENDING	 "ztp/v1/pending"
#define AUDIT	 "ztp/v1/audit"

/* Replaces the C library's. */
int fdatasync(int fd)
{
	return gate_disk_sync(fd);
}

static bool log_stays; /* what is lost cannot be cut off */

int fsync(int fd)
{
	if (!log_stays)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static void set_disk(bool stands, int fails)
{
	gate_disk_set(stands, fails);
	/* only as long as the disk stands does nobody wait for it */
	gate_broker.settle = stands ? NULL : gate_settle;
}

static int begin(void **state)
{
	int rc = gate_setup(state);

	gate_tick();
	return rc;
}

static int end(void **state)
{
	set_disk(false, 0);
	log_stays = false;
	return gate_teardown(state);
}

static void test_connack_does_not_wait_and_pending_does(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);

	set_disk(true, 0);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	/* the same device again: AUTH sees what is not durable */
	gate_disconnect(device);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_null(gate_published(PENDING, NULL));
	assert_null(gate_published(AUDIT, CUSTOM "a"));
	set_disk(false, 0);
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, CUSTOM "a"), 1);
	assert_int_equal(gate_published_count(AUDIT, CUSTOM "a"), 2);
}

/* A device of each registry connects and is let in. */
static void come(struct gate_fixture *f, const char *custom)
{
	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, custom, 0)),
			 MOSQ_ERR_SUCCESS);
}

static void test_approved_waits(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	set_disk(true, 0);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	/* it has its rights at once */
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	assert_true(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/events/x"));
	gate_tick();
	gate_tick();
	assert_null(gate_published(DIRECT "a/commands", NULL));
	assert_null(gate_published("ztp/v1/subscribed", NULL));
	set_disk(false, 0);
	gate_tick();
	assert_non_null(gate_published(DIRECT "a/commands", "\"approved\""));
	assert_non_null(gate_published("ztp/v1/subscribed", DIRECT "a"));
}

/* However often devices subscribe until then. */
static void test_what_waits_is_kept_once(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	struct mosquitto *a = gate_first(f, DIRECT "a", 0);
	struct mosquitto *b = gate_first(f, DIRECT "b", 1);

	set_disk(true, 0);
	assert_int_equal(gate_connect(a), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(b), MOSQ_ERR_SUCCESS);
	for (int i = 0; i < 100; i++) {
		assert_true(
			gate_can(a, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
		assert_true(
			gate_can(b, MOSQ_ACL_SUBSCRIBE, DIRECT "b/commands"));
		if (i % 10 == 0)
			gate_tick();
	}
	assert_int_equal(gate->touched.count, 2);
	set_disk(false, 0);
	gate_tick();
	assert_int_equal(gate->touched.count, 0);
	assert_int_equal(
		gate_published_count(DIRECT "a/commands", "\"approved\""), 1);
	assert_int_equal(
		gate_published_count(DIRECT "b/commands", "\"approved\""), 1);
}

static void test_answers_wait(void **state)
{
	struct gate_fixture *f = *state;
	size_t before = gate_published_count(RESPONSE, NULL);

	set_disk(true, 0);
	gate_control(f->op, "{\"commands\":[{\"command\":\"createRegistry\","
			    "\"registry\":\"acme/new\"}]}");
	gate_tick();
	assert_int_equal(gate_published_count(RESPONSE, NULL), before);
	set_disk(false, 0);
	gate_tick();
	assert_int_equal(gate_published_count(RESPONSE, NULL), before + 1);
	assert_non_null(gate_published(RESPONSE, "\"OK\""));
}

static void test_a_lost_commit_ends_what_hangs_on_it(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *before = gate_first(f, CUSTOM "first", 1);
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	struct mosquitto *held = gate_first(f, CUSTOM "b", 0);

	assert_int_equal(gate_connect(before), MOSQ_ERR_SUCCESS);
	gate_tick();
	set_disk(true, EIO);
	gate_control(f->op, "{\"commands\":[{\"command\":\"createRegistry\","
			    "\"registry\":\"acme/new\"}]}");
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(held), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	set_disk(false, EIO);
	gate_tick();
	gate_tick();
	assert_true(device->kicked);
	assert_true(held->kicked);
	assert_false(before->kicked);
	assert_non_null(gate_published(RESPONSE, "\"UNAVAILABLE\""));
	assert_int_equal(gate_published_count(AUDIT, "\"not_stored\""), 2);
	assert_null(gate_published(AUDIT, "\"created\""));
	assert_null(gate_published(PENDING, CUSTOM "b"));
	assert_null(gate_published(DIRECT "a/commands", NULL));
	gate_says(f,
		  "\"command\":\"getDevice\",\"device_path\":\"" DIRECT "a\"",
		  "NOT_FOUND");
	gate_says(f, "\"command\":\"getRegistry\",\"registry\":\"acme/new\"",
		  "NOT_FOUND");
	/* and then all is well again */
	come(f, CUSTOM "b");
	gate_tick();
	assert_int_equal(gate_published_count(AUDIT, "\"created\""), 1);
	assert_int_equal(gate_published_count(PENDING, CUSTOM "b"), 1);
}

/* As long as the database cannot be opened again, a device is known by what is
 * lost. It must not be told that it is onboarded. */
static void test_who_came_by_what_is_lost_ends_as_well(void **state)
{
	static const char a[] = "\"command\":\"getDevice\",\"device_path\":"
				"\"" DIRECT "a\"";
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0), *again;

	set_disk(true, EIO);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	log_stays = true;
	set_disk(false, EIO);
	gate_tick();
	gate_tick();
	assert_true(device->kicked);
	gate_disconnect(device);
	again = gate_first(f, DIRECT "a", 0);
	assert_int_equal(gate_connect(again), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(again, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	log_stays = false;
	gate_says(f, a, "NOT_FOUND");
	gate_tick();
	assert_true(again->kicked);
	assert_null(gate_published(DIRECT "a/commands", NULL));
	/* and then all is well again */
	gate_disconnect(again);
	device = gate_first(f, DIRECT "a", 0);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	gate_tick();
	assert_non_null(gate_published(DIRECT "a/commands", "approved"));
	gate_ok(f, a);
}

static int write_nothing(struct ztp_db *db, void *arg, struct ztp_error *error)
{
	(void)db;
	(void)arg;
	(void)error;
	fail_msg("there is no database");
	return 0;
}

/* A database that failed, and cannot be opened either. */
static void test_without_a_database_nothing_is_written(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	struct rlimit before, none;
	struct ztp_error error = {0};

	set_disk(true, EIO);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	set_disk(false, EIO);
	gate_tick();
	assert_true(ztp_db_apart(gate->db, write_nothing, NULL, &error) < 0);
	assert_true(ztp_db_commit(gate->db, &error) == 0);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 0)),
			 MOSQ_ERR_AUTH);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	gate_ok(f, "\"command\":\"getInfo\"");
	come(f, CUSTOM "b");
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, CUSTOM "b"), 1);
	assert_non_null(gate_published(AUDIT, "\"code\":\"unavailable\""));
	assert_null(gate_published(AUDIT, "unknown_registry"));
}

/* --- a file that has been taken away */

static void rename_to(const char *from, const char *to)
{
	assert_int_equal(rename(from, to), 0);
}

/* SQLite would go on in a file without a name. */
static void test_nothing_is_told_of_a_file_that_is_gone(void **state)
{
	static const char create[] = "\"command\":\"createRegistry\","
				     "\"registry\":\"acme/new\"";
	struct gate_fixture *f = *state;
	char names[2][128], aside[128];

	(void)snprintf(names[0], sizeof(names[0]), "%s", f->db);
	(void)snprintf(names[1], sizeof(names[1]), "%s-wal", f->db);
	(void)snprintf(aside, sizeof(aside), "%s.aside", f->db);
	for (int i = 0; i < 4; i++) {
		const char *name = names[i % 2];

		rename_to(name, aside);
		if (i >= 2) /* another one in its place */
			scratch_copy(aside, name);
		gate_says(f, create, "UNAVAILABLE");
		assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
				 MOSQ_ERR_AUTH);
		gate_tick();
		assert_int_equal(gate_published_count(PENDING, NULL), 0);
		assert_int_equal(gate_published_count(AUDIT, "\"unavailable\""),
				 i + 1);
		assert_non_null(strstr(gate_broker.log, name));
		assert_non_null(strstr(gate_broker.log, "removed or replaced"));
		rename_to(aside, name);
	}
	gate_ok(f, create);
	come(f, CUSTOM "a");
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, CUSTOM "a"), 1);
}

/* An empty one in its place would be taken for a registry without devices. */
static void test_what_is_gone_is_not_made_anew(void **state)
{
	struct gate_fixture *f = *state;
	char aside[128];

	(void)snprintf(aside, sizeof(aside), "%s.aside", f->db);
	set_disk(true, EIO);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	rename_to(f->db, aside);
	set_disk(false, EIO);
	gate_tick();
	gate_connect(gate_first(f, CUSTOM "b", 0));
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, NULL), 0);
	assert_int_equal(access(f->db, F_OK), -1);
	rename_to(aside, f->db);
	gate_ok(f, "\"command\":\"getInfo\"");
	come(f, CUSTOM "b");
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, CUSTOM "b"), 1);
}

/* What could not be cut off is left to SQLite; the thread ends all the same. */
static void test_it_ends_on_a_disk_that_fails(void **state)
{
	struct gate_fixture *f = *state;

	set_disk(true, EIO);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	log_stays = true;
	set_disk(false, EIO);
	gate_tick();
	gate_unload(f);
}

/* What a process that is killed between CONNACK and the commit leaves: the
 * device comes again and is onboarded once. */
static void test_killed_before_the_commit(void **state)
{
	struct gate_fixture *f = *state;
	char log[128], kept[128], kept_log[128];

	(void)snprintf(log, sizeof(log), "%s-wal", f->db);
	(void)snprintf(kept, sizeof(kept), "%s.kept", f->db);
	(void)snprintf(kept_log, sizeof(kept_log), "%s.kept-wal", f->db);
	set_disk(true, 0);
	come(f, CUSTOM "a");
	/* before the tick that would commit it */
	scratch_copy(f->db, kept);
	scratch_copy(log, kept_log);
	assert_null(gate_published(AUDIT, "\"created\""));
	set_disk(false, 0);
	gate_unload(f);
	gate_broker_reset();
	scratch_copy(kept, f->db);
	scratch_copy(kept_log, log);
	(void)unlink(kept);
	(void)unlink(kept_log);
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_connect(f->op), MOSQ_ERR_PLUGIN_DEFER);
	for (int i = 0; i < 2; i++) {
		come(f, CUSTOM "a");
		gate_tick();
	}
	assert_int_equal(gate_published_count(AUDIT, "\"created\""), 1);
	assert_int_equal(gate_published_count(PENDING, CUSTOM "a"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
		T(test_connack_does_not_wait_and_pending_does),
		T(test_approved_waits),
		T(test_what_waits_is_kept_once),
		T(test_answers_wait),
		T(test_a_lost_commit_ends_what_hangs_on_it),
		T(test_who_came_by_what_is_lost_ends_as_well),
		T(test_without_a_database_nothing_is_written),
		T(test_nothing_is_told_of_a_file_that_is_gone),
		T(test_what_is_gone_is_not_made_anew),
		T(test_it_ends_on_a_disk_that_fails),
		T(test_killed_before_the_commit),
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
