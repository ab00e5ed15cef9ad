/* For whom the gate verifies a signature, and what it remembers of that. The
 * test plays the clocks and what a verification finds out, on a real
 * database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gate/effort.h"
#include "gate/share.h"
#include "scratch.h"

#define PATH   "subscriptions/acme/registries/plant/devices/pump"
#define WALL   1767323045678LL
#define DAY_MS (24 * 3600 * 1000LL)
#define COST   200 /* us */
#define HOME   "192.0.2.1"
#define MANY   200

/* Replaces the C library's, to count how often the broker's thread waits for the
 * disk. */
static int syncs;

static void count(void)
{
	syncs += (pid_t)syscall(SYS_gettid) == getpid();
}

int fdatasync(int fd)
{
	count();
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	count();
	return (int)syscall(SYS_fsync, fd);
}

struct world {
	struct scratch scratch;
	struct ztp_db *db;
	struct ztp_effort *effort;
	int64_t now; /* ms since the test began */
	int tries;   /* each has another JWT */
};

static void start(struct world *w)
{
	struct ztp_error error = {0};

	if (ztp_db_open(&w->db, w->scratch.base, &error) != 0)
		fail_msg("%s", error.message);
	w->effort = ztp_effort_new();
	assert_non_null(w->effort);
}

static void stop(struct world *w)
{
	ztp_proven_flush(ztp_effort_proven(w->effort), w->db, WALL + w->now);
	ztp_effort_free(w->effort);
	ztp_db_close(w->db);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	scratch_make(&w->scratch);
	start(w);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	stop(w);
	scratch_remove(&w->scratch);
	free(w);
	return 0;
}

static void tick(struct world *w)
{
	struct ztp_error error = {0};

	ztp_proven_tick(ztp_effort_proven(w->effort), w->db, WALL + w->now,
			w->now);
	if (ztp_db_commit(w->db, &error) != 0)
		fail_msg("%s", error.message);
}

struct attempt {
	const char *path, *from;
	const char *key, *jwt; /* any text; jwt NULL: a new one */
	enum ztp_effort_end end;
};

static enum ztp_effort_answer try(struct world *w, struct attempt a)
{
	uint8_t spki[ZTP_SHA256_LEN], jwt[ZTP_SHA256_LEN];
	struct ztp_effort_try try = {
		.who = {.path = a.path ? a.path : PATH, .spki_sha256 = spki},
		.jwt_sha256 = jwt,
		.wall = WALL + w->now,
		.now = w->now,
	};
	enum ztp_effort_answer answer;
	char text[32];

	(void)snprintf(text, sizeof(text), "%d", w->tries++);
	ztp_throttle_source(&try.who.source, a.from ? a.from : HOME);
	ztp_sha256(spki, a.key ? a.key : "key", strlen(a.key ? a.key : "key"));
	ztp_sha256(jwt, a.jwt ? a.jwt : text, strlen(a.jwt ? a.jwt : text));
	answer = ztp_effort_begin(w->effort, w->db, &try);
	if (answer == ZTP_EFFORT_VERIFY)
		ztp_effort_end(w->effort, &try, a.end, COST);
	return answer;
}

static bool proves(struct world *w, const char *path, const char *from)
{
	return try(w, (struct attempt){.path = path,
				       .from = from,
				       .end = ZTP_EFFORT_PROVEN}) ==
	       ZTP_EFFORT_VERIFY;
}

/* Fails on many paths from everywhere, until nobody has time left. */
static void use_up(struct world *w)
{
	char path[sizeof(PATH) + 16], from[32];

	for (int i = 0; i < 20000; i++) {
		(void)snprintf(path, sizeof(path), PATH "-%d", i % 1000);
		(void)snprintf(from, sizeof(from), "10.0.%d.%d", i % 7, i % 50);
		(void)try(w, (struct attempt){.path = path,
					      .from = i % 2 ? from : HOME,
					      .end = ZTP_EFFORT_BAD_PROOF});
	}
	assert_int_equal(try(w, (struct attempt){.path = PATH "-x",
						 .end = ZTP_EFFORT_BAD_PROOF}),
			 ZTP_EFFORT_LATER);
}

static void proven_paths_have_verifications_of_their_own(void **state)
{
	struct world *w = *state;
	int own = 0;

	assert_true(proves(w, NULL, HOME));
	for (int second = 0; second < 10; second++, w->now += 1000) {
		use_up(w);
		for (int i = 0; i < ZTP_EFFORT_OWN_A_SECOND * 2; i++)
			own += proves(w, NULL, HOME);
		tick(w);
	}
	assert_in_range(own, 9 * ZTP_EFFORT_OWN_A_SECOND,
			10 * ZTP_EFFORT_OWN_A_SECOND);
}

static void whoever_fails_for_a_proven_path_shares_its_own(void **state)
{
	struct world *w = *state;

	assert_true(proves(w, NULL, HOME));
	for (int i = 0; i < 500; i++, w->now += 25) /* 40 a second */
		assert_int_equal(
			try(w, (struct attempt){.end = ZTP_EFFORT_BAD_PROOF}),
			ZTP_EFFORT_VERIFY);
	assert_true(proves(w, NULL, HOME));
}

/* Who shares the address of many devices, and knows their paths, has no key to
 * prove: all their own verifications together do not give him the thread. */
static void many_paths_own_are_wasted_within_a_fifth(void **state)
{
	const int64_t fifth = 2000LL * ZTP_SHARE_PER_MS + ZTP_SHARE_CAPACITY_US;
	struct world *w = *state;
	char path[sizeof(PATH) + 16];
	int64_t wasted = 0;
	int own = 0;

	for (int i = 0; i <= MANY; i++) {
		(void)snprintf(path, sizeof(path), PATH "-%d", i);
		assert_true(proves(w, path, HOME));
		tick(w);
	}
	assert_true(proves(w, NULL, "198.51.100.1"));
	for (; w->now < 2000; w->now += 20) { /* 50 a second */
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(path, sizeof(path), PATH "-%d", i);
			wasted += try(w,
				      (struct attempt){
					      .path = path,
					      .end = ZTP_EFFORT_BAD_PROOF}) ==
				  ZTP_EFFORT_VERIFY;
		}
		/* neither one that nobody fails for, nor one elsewhere */
		(void)snprintf(path, sizeof(path), PATH "-%d", MANY);
		own += proves(w, path, HOME);
		own += proves(w, NULL, "198.51.100.1");
	}
	assert_in_range(wasted * COST, fifth, 2 * fifth);
	assert_int_equal(own, 200);
}

static void elsewhere_or_with_another_key_it_is_not_proven(void **state)
{
	struct world *w = *state;

	assert_true(proves(w, NULL, HOME));
	assert_true(proves(w, NULL, "2001:db8:1:2::77"));
	use_up(w);
	assert_true(proves(w, NULL, "::ffff:192.0.2.1"));
	assert_true(proves(w, NULL, "2001:db8:1:2:3:4:5:6")); /* the same /64 */
	assert_int_equal(try(w, (struct attempt){.key = "other"}),
			 ZTP_EFFORT_LATER);
	assert_int_equal(try(w, (struct attempt){.path = PATH "x"}),
			 ZTP_EFFORT_LATER);
}

static void it_is_known_after_a_restart_for_seven_days(void **state)
{
	struct world *w = *state;

	assert_true(proves(w, NULL, HOME));
	stop(w);
	w->now += 7 * DAY_MS - 1;
	start(w);
	use_up(w);
	assert_true(proves(w, NULL, HOME)); /* which is noted again */
	stop(w);
	w->now += 7 * DAY_MS - 1;
	start(w);
	use_up(w);
	assert_true(proves(w, NULL, HOME));
	stop(w);
	w->now += 7 * DAY_MS;
	start(w);
	use_up(w);
	assert_false(proves(w, NULL, HOME));
}

static void a_failed_proof_is_not_verified_again(void **state)
{
	struct world *w = *state;
	struct attempt bad = {.jwt = "forged", .end = ZTP_EFFORT_BAD_PROOF};

	assert_int_equal(try(w, bad), ZTP_EFFORT_VERIFY);
	assert_int_equal(try(w, bad), ZTP_EFFORT_FAILED);
	bad.from = "198.51.100.1"; /* from anywhere */
	assert_int_equal(try(w, bad), ZTP_EFFORT_FAILED);
	bad.key = "other"; /* whose it may be */
	assert_int_equal(try(w, bad), ZTP_EFFORT_VERIFY);
	w->now += ZTP_EFFORT_FAILED_MS;
	bad.key = NULL;
	assert_int_equal(try(w, bad), ZTP_EFFORT_VERIFY);
}

/* A certificate may be trusted later, and the same JWT be good. */
static void a_refusal_is_no_failed_proof(void **state)
{
	struct attempt untrusted = {.jwt = "good", .end = ZTP_EFFORT_REFUSED};

	for (int i = 0; i < 3; i++)
		assert_int_equal(try(*state, untrusted), ZTP_EFFORT_VERIFY);
}

/* 10,000 devices at once, each for the first time. */
static void first_proofs_are_not_charged(void **state)
{
	struct world *w = *state;
	char path[sizeof(PATH) + 16];

	for (int i = 0; i < 10000; i++) {
		(void)snprintf(path, sizeof(path), PATH "-%d", i);
		assert_true(proves(w, path, HOME));
		if (i % 500 == 0)
			tick(w);
	}
}

/* It costs its own verifications, and then the fifth. */
static void proving_one_key_again_and_again_is_bounded(void **state)
{
	struct world *w = *state;
	int64_t verified = 0;

	for (; w->now < 10000; w->now++)
		for (int i = 0; i < 5; i++)
			verified += proves(w, NULL, HOME);
	assert_in_range(
		verified, 1,
		11 * ZTP_EFFORT_OWN_A_SECOND +
			(10000LL * ZTP_SHARE_PER_MS + ZTP_SHARE_CAPACITY_US) /
				COST);
}

static int64_t rows(struct world *w)
{
	sqlite3_stmt *stmt =
		ztp_db_use(w->db, "SELECT count(*) FROM proven", NULL);

	assert_non_null(stmt);
	return ztp_db_count(w->db, stmt, NULL);
}

static bool known(struct world *w, const char *from)
{
	uint8_t spki[ZTP_SHA256_LEN];
	struct ztp_proven_key key = {.path = PATH, .spki_sha256 = spki};

	ztp_sha256(spki, "key", strlen("key"));
	ztp_throttle_source(&key.source, from);
	return ztp_proven_at(ztp_effort_proven(w->effort), w->db, &key,
			     WALL + w->now) != 0;
}

static void a_path_has_eight_addresses(void **state)
{
	struct world *w = *state;
	char from[32];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(from, sizeof(from), "10.0.0.%d", i);
		assert_true(proves(w, NULL, from));
		w->now += 10000;
		tick(w);
	}
	assert_int_equal(rows(w), ZTP_PROVEN_ADDRESSES);
	assert_true(known(w, "10.0.0.92"));
	assert_false(known(w, "10.0.0.91"));
}

static void what_is_too_old_goes(void **state)
{
	struct world *w = *state;
	char path[sizeof(PATH) + 16];

	for (int i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), PATH "-%d", i);
		assert_true(proves(w, path, HOME));
		if (i % 100 == 99) {
			w->now += 10000;
			tick(w);
		}
	}
	assert_int_equal(rows(w), 3000);
	w->now += 8 * DAY_MS;
	for (int i = 0; i < 30; i++) {
		(void)snprintf(path, sizeof(path), PATH "-new-%d", i);
		assert_true(proves(w, path, HOME));
		w->now += 10000;
		tick(w);
	}
	assert_int_equal(rows(w), 30);
}

static void write_something(struct world *w)
{
	static const char sql[] = "INSERT INTO deleted VALUES('r', 'p', 1)";
	sqlite3_stmt *stmt = ztp_db_use(w->db, sql, NULL);

	assert_non_null(stmt);
	assert_int_equal(ztp_db_run(w->db, stmt, NULL), 0);
}

static void nobody_waits_for_the_disk(void **state)
{
	struct world *w = *state;
	int before;

	write_something(w);
	assert_int_equal(ztp_db_commit(w->db, NULL), 0);
	assert_int_equal(ztp_db_start(w->db, NULL), 0);
	before = syncs;
	for (int i = 0; i < 200; i++) {
		char path[sizeof(PATH) + 16];

		(void)snprintf(path, sizeof(path), PATH "-%d", i);
		assert_true(proves(w, path, HOME));
		w->now += 1000;
		tick(w);
	}
	w->now += 10000;
	tick(w);
	assert_int_equal(rows(w), 200);
	assert_int_equal(syncs, before);
}

/* What somebody else has written is for them to commit. */
static void nobody_elses_transaction_is_used(void **state)
{
	struct world *w = *state;

	assert_true(proves(w, NULL, HOME));
	w->now += 10000;
	write_something(w);
	ztp_proven_tick(ztp_effort_proven(w->effort), w->db, WALL + w->now,
			w->now);
	assert_true(ztp_db_dirty(w->db));
	assert_int_equal(rows(w), 0);
	ztp_db_rollback(w->db);
	tick(w);
	assert_int_equal(rows(w), 1);
}

static int fails(struct ztp_db *db, void *arg, struct ztp_error *error)
{
	(void)arg;
	(void)ztp_db_run(
		db, ztp_db_use(db, "INSERT INTO deleted VALUES(1, 2, 3)", NULL),
		error);
	return ztp_fail(error, ZTP_ERR_IO, "played");
}

static void what_fails_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct ztp_error error = {0};
	sqlite3_stmt *stmt;

	assert_int_equal(ztp_db_apart(w->db, fails, NULL, &error), ZTP_ERR_IO);
	assert_string_equal(error.message, "played");
	assert_false(ztp_db_dirty(w->db));
	stmt = ztp_db_use(w->db, "SELECT 1 FROM deleted", NULL);
	assert_int_equal(ztp_db_step(w->db, stmt, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
		T(proven_paths_have_verifications_of_their_own),
		T(whoever_fails_for_a_proven_path_shares_its_own),
		T(many_paths_own_are_wasted_within_a_fifth),
		T(elsewhere_or_with_another_key_it_is_not_proven),
		T(it_is_known_after_a_restart_for_seven_days),
		T(a_failed_proof_is_not_verified_again),
		T(a_refusal_is_no_failed_proof),
		T(first_proofs_are_not_charged),
		T(proving_one_key_again_and_again_is_bounded),
		T(a_path_has_eight_addresses),
		T(what_is_too_old_goes),
		T(nobody_waits_for_the_disk),
		T(nobody_elses_transaction_is_used),
		T(what_fails_leaves_nothing),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
