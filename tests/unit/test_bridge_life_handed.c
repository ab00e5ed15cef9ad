/* Entries of other bridges' journals, and of this one's that it had handed over:
 * each is taken once, in its order, and judged as when it came. */
#include "life_case.h"

#include <string.h>

#include "bridge/journal/journal_record.h"
#include "bridge/ledger/turns.h"
#include "bridge/life/handed.h"
#include "bridge/store/store_state.h"

#define OWN    "00000000000000000000000000000000"
#define OTHERS "11111111111111111111111111111111"
#define SEC    1000

static struct handed handed;
static char *other; /* the group that wrote the record; NULL: this one */

/* The active one of several. */
static struct life_case *began(void **state)
{
	struct life_case *c = *state;

	handed = (struct handed){.own = OWN};
	other = NULL;
	life_commit(c);
	life_ok(c, store_replicate(c->b.store, "ztp.decisions", &c->error));
	return c;
}

/* As it comes out of ztp.journal: an entry between two offsets of file 1. The
 * first one follows nothing. */
static int hand(struct life_case *c, const char *journal, uint64_t before,
		uint64_t after, const struct journal_entry *entry)
{
	struct journal_record record = {.before = {before > 0, before},
					.after = {1, after}};
	uint8_t *packed = NULL, *bytes;
	size_t cap = 0;
	long n = journal_entry_pack(&packed, &cap, entry);
	struct leftover item;
	int rc;

	assert_true(n > 0);
	bytes = malloc(JOURNAL_RECORD_HEAD + (size_t)n);
	assert_non_null(bytes);
	snprintf(record.journal, sizeof(record.journal), "%s", journal);
	journal_record_head(bytes, &record);
	memcpy(bytes + JOURNAL_RECORD_HEAD, packed, (size_t)n);
	item = (struct leftover){7, JOURNAL_RECORD_HEAD + (size_t)n, bytes,
				 other};
	rc = handed_take(&handed, &c->b, &item, &c->error);
	assert_false(c->b.handed);
	free(bytes);
	free(packed);
	return rc;
}

static struct journal_entry came(struct life_case *c, const char *path,
				 int cert, int64_t ago)
{
	struct journal_entry e = life_entry(c, path, cert);

	e.arrived_wall -= ago;
	e.received_at -= ago;
	/* Of another machine: it was switched on yesterday. */
	e.arrived_steady = e.arrived_wall - (int64_t)24 * 60 * LIFE_MIN;
	return e;
}

static uint64_t mark_of(struct life_case *c, const char *journal)
{
	struct journal_mark mark;

	life_ok(c, turns_mark_get(c->b.store, journal, &mark, &c->error));
	return mark.offset;
}

static void it_is_taken_once(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry one = came(c, PUMP, 1, 20 * SEC);
	struct journal_entry two = came(c, VALVE, 1, 10 * SEC);

	assert_int_equal(hand(c, OTHERS, 0, 100, &one), 1);
	assert_int_equal(hand(c, OTHERS, 100, 200, &two), 1);
	assert_int_equal(life_newest(c), 2);
	assert_int_equal(mark_of(c, OTHERS), 200);
	assert_int_equal(handed.taken, 2);
	assert_true(life_record(c, STORE_REQUESTS));
	assert_true(life_record(c, STORE_REQUESTS));
	assert_int_equal(hand(c, OTHERS, 0, 100, &one), 1);
	assert_int_equal(hand(c, OTHERS, 100, 200, &two), 1);
	life_no_record(c, STORE_REQUESTS);
	assert_int_equal(life_newest(c), 2);
	assert_int_equal(handed.taken, 2);
}

/* The first one was refused by Kafka. Both come again, in their order. */
static void what_follows_a_gap_is_left(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry one = came(c, PUMP, 1, 20 * SEC);
	struct journal_entry two = came(c, VALVE, 1, 10 * SEC);

	assert_int_equal(hand(c, OTHERS, 100, 200, &two), 1);
	assert_int_equal(life_newest(c), 0);
	assert_int_equal(mark_of(c, OTHERS), 0);
	assert_true(life_logged(c, "journal_gap"));
	assert_int_equal(hand(c, OTHERS, 0, 100, &one), 1);
	assert_int_equal(hand(c, OTHERS, 100, 200, &two), 1);
	assert_int_equal(life_newest(c), 2);
}

static void each_journal_has_its_mark(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry one = came(c, PUMP, 1, 20 * SEC);
	struct journal_entry two = came(c, VALVE, 1, 10 * SEC);

	assert_int_equal(hand(c, OTHERS, 0, 100, &one), 1);
	assert_int_equal(
		hand(c, "22222222222222222222222222222222", 0, 50, &two), 1);
	assert_int_equal(life_newest(c), 2);
	assert_int_equal(mark_of(c, OTHERS), 100);
}

/* --- judged as when it came */

/* Its customer may have been asked in time. */
static void it_is_not_late(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry e = came(c, PUMP, 1, 11 * LIFE_MIN);

	assert_int_equal(hand(c, OTHERS, 0, 100, &e), 1);
	life_is(c, life_newest(c), ZTP_STATE_RECEIVED);
	assert_int_equal(life_row(c, 1).announced_at, LIFE_NOW - 11 * LIFE_MIN);
}

/* What path and key have had since, and the event that comes then. */
static void it_changes_nothing_that_came_after_it(void **state)
{
	static const enum ztp_state states[] = {
		ZTP_STATE_REQUESTED, ZTP_STATE_APPROVED,  ZTP_STATE_ONBOARDED,
		ZTP_STATE_REJECTED,  ZTP_STATE_EXPIRED,	  ZTP_STATE_CONFLICT,
		ZTP_STATE_FAILED,    ZTP_STATE_WITHDRAWN,
	};
	struct life_case *c = began(state);
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		char path[128];
		struct journal_entry e;
		int64_t n;

		snprintf(path, sizeof(path), PUMP "-%zu", i);
		n = life_put(c, path, 1, states[i], ZTP_OWED_NONE);
		/* The row is a minute old. The event came a second before. */
		e = came(c, path, 1, LIFE_MIN + SEC);
		assert_int_equal(hand(c, OTHERS, at, at + 10, &e), 1);
		at += 10;
		life_is(c, n, states[i]);
		assert_int_equal(life_newest(c), n);
	}
	life_no_record(c, STORE_REQUESTS);
	life_no_record(c, STORE_RESULTS);
}

/* It came after the end of the one before, or has another key. */
static void it_may_be_new(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry e;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_EXPIRED, ZTP_OWED_NONE);

	e = came(c, PUMP, 1, LIFE_MIN - SEC);
	assert_int_equal(hand(c, OTHERS, 0, 10, &e), 1);
	assert_int_equal(life_newest(c), n + 1);
	assert_int_equal(life_row(c, n + 1).attempt, 2);
	e = came(c, PUMP, 2, LIFE_MIN + SEC);
	assert_int_equal(hand(c, OTHERS, 10, 20, &e), 1);
	assert_int_equal(life_newest(c), n + 2);
}

/* --- its own */

static void its_own_are_read_from_its_files(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry e = life_entry(c, PUMP, 1);

	/* File 1 is of an earlier process. */
	journal_close(c->b.journal);
	c->b.mark = (struct journal_mark){1, 0};
	life_ok(c, journal_open(&c->b.journal, c->scratch.base, false,
				&c->b.mark, &c->b.mark, &c->error));
	assert_int_equal(hand(c, OWN, 0, 100, &e), 0);
	assert_int_equal(life_newest(c), 0);
	c->b.mark.offset = 99;
	assert_int_equal(hand(c, OWN, 0, 100, &e), 0);
	c->b.mark.offset = 100;
	assert_int_equal(hand(c, OWN, 0, 100, &e), 1);
	assert_int_equal(life_newest(c), 0);
}

/* Its files do not have it: an earlier disk was put back. */
static void its_own_that_it_has_lost(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry e = came(c, PUMP, 1, SEC);

	assert_int_equal(journal_first_segment(c->b.journal), 1);
	assert_int_equal(hand(c, OWN, 50, 100, &e), 1);
	assert_int_equal(life_newest(c), 1);
	assert_int_equal(mark_of(c, OWN), 0);
}

/* --- what cannot be taken */

static int hand_bytes(struct life_case *c, const void *bytes, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct leftover item = {3, n, copy, other};
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	rc = handed_take(&handed, &c->b, &item, &c->error);
	free(copy);
	return rc;
}

static void bytes_that_are_none_are_passed(void **state)
{
	struct life_case *c = began(state);

	assert_int_equal(hand_bytes(c, "", 0), 1);
	assert_int_equal(hand_bytes(c, "\x01nothing", 8), 1);
	assert_true(life_logged(c, "journal_unreadable"));
	assert_int_equal(life_newest(c), 0);
}

static void a_newer_format_waits(void **state)
{
	struct life_case *c = began(state);

	assert_int_equal(hand_bytes(c, "\x02what it will be", 16), 0);
	assert_true(life_logged(c, "journal_newer"));
	assert_int_equal(hand_bytes(c, "\x02what it will be", 16), 0);
	assert_false(life_logged(c, "journal_newer"));
}

/* Two cells share the topic by mistake: each bridge's devices are its own cell's,
 * whatever else they write there. */
static void what_another_group_wrote_is_left(void **state)
{
	static char beside[] = "ztp-cell-b";
	struct life_case *c = began(state);
	struct journal_entry e = came(c, PUMP, 1, SEC);

	other = beside;
	assert_int_equal(hand(c, OTHERS, 0, 100, &e), 1);
	assert_true(life_logged(c, "journal_shared"));
	assert_int_equal(hand(c, OTHERS, 0, 100, &e), 1);
	assert_int_equal(hand_bytes(c, "\x02what it will be", 16), 1);
	assert_false(life_logged(c, "journal_shared"));
	assert_int_equal(life_newest(c), 0);
	assert_int_equal(mark_of(c, OTHERS), 0);
	assert_int_equal(handed.taken, 0);
}

static void it_waits_while_there_is_no_room(void **state)
{
	struct life_case *c = began(state);
	struct journal_entry e = came(c, PUMP, 1, SEC);

	c->config.store.max_requests = 1;
	life_put(c, VALVE, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	assert_int_equal(hand(c, OTHERS, 0, 100, &e), 0);
	assert_int_equal(mark_of(c, OTHERS), 0);
	c->config.store.max_requests = 2;
	assert_int_equal(hand(c, OTHERS, 0, 100, &e), 1);
	assert_int_equal(life_newest(c), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(it_is_taken_once),
		LIFE_TEST(what_follows_a_gap_is_left),
		LIFE_TEST(each_journal_has_its_mark),
		LIFE_TEST(it_is_not_late),
		LIFE_TEST(it_changes_nothing_that_came_after_it),
		LIFE_TEST(it_may_be_new),
		LIFE_TEST(its_own_are_read_from_its_files),
		LIFE_TEST(its_own_that_it_has_lost),
		LIFE_TEST(bytes_that_are_none_are_passed),
		LIFE_TEST(a_newer_format_waits),
		LIFE_TEST(what_another_group_wrote_is_left),
		LIFE_TEST(it_waits_while_there_is_no_room),
	};

	return cmocka_run_group_tests_name("bridge_life_handed", tests, NULL,
					   NULL);
}
