/* What a bridge becomes among several of one group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ztp/role.h"

#define NOW 1000000

#define CLOSE	  ZTP_ROLE_CLOSE
#define LEAVE	  ZTP_ROLE_LEAVE
#define JOIN	  ZTP_ROLE_JOIN
#define CHECK	  ZTP_ROLE_CHECK
#define INIT	  ZTP_ROLE_INIT
#define READ	  ZTP_ROLE_READ
#define CLAIM	  ZTP_ROLE_CLAIM
#define SERVE	  ZTP_ROLE_SERVE
#define LAST_TURN ZTP_ROLE_LAST_TURN
#define DONE	  ZTP_ROLE_DONE

static const char *const event_names[] = {
#define X(name) #name,
	ZTP_ROLE_EVENT_LIST(X)
#undef X
};

struct cell {
	enum ztp_role_state to;
	unsigned actions;
};

/* The matrix: what each event does in each state while all is ready, nothing is
 * to be waited for, and the one before has not left. What is not here changes
 * nothing. */
#define GO(event, to, ...) [ZTP_ROLE_ON_##event] = {ZTP_ROLE_##to, __VA_ARGS__}
#define ENDS_WITH(stop)	   GO(STOP, stop, CLOSE | LEAVE | DONE)
#define BLOCKS		   GO(BAD_STATE, BLOCKED, CLOSE | LEAVE)
#define IS_MEMBER                                                              \
	BLOCKS, ENDS_WITH(GONE), GO(UNFIT, OUT, CLOSE | LEAVE),                \
		GO(LOST, OUT, CLOSE | LEAVE)
#define OPENS                                                                  \
	IS_MEMBER, GO(UNASSIGNED, STANDBY, CLOSE),                             \
		GO(FAILED, FENCED, CLOSE | CHECK),                             \
		GO(NO_ANSWER, OUT, CLOSE | LEAVE),                             \
		GO(NO_RIGHT, OUT, CLOSE | LEAVE)
#define IS_FENCED GO(FENCED, FENCED, CLOSE | CHECK)

static const struct cell matrix[ZTP_ROLE_END][ZTP_ROLE_EVENT_END] = {
	[ZTP_ROLE_OUT] = {BLOCKS, ENDS_WITH(GONE), GO(TICK, STANDBY, JOIN)},
	[ZTP_ROLE_STANDBY] = {IS_MEMBER, GO(ASSIGNED, CHECKING, CHECK),
			      GO(NO_RIGHT, OUT, CLOSE | LEAVE)},
	[ZTP_ROLE_CHECKING] = {OPENS, GO(MEMBER, FENCING, INIT)},
	[ZTP_ROLE_FENCING] = {OPENS, IS_FENCED, GO(INITED, RECHECKING, CHECK)},
	[ZTP_ROLE_RECHECKING] = {OPENS, GO(MEMBER, READING, READ)},
	[ZTP_ROLE_READING] = {OPENS, GO(REACHED, CLAIMING, CLAIM)},
	[ZTP_ROLE_CLAIMING] = {OPENS, IS_FENCED, GO(COMMITTED, ACTIVE, SERVE)},
	[ZTP_ROLE_WAITING] = {OPENS, IS_FENCED, GO(TICK, ACTIVE, SERVE)},
	[ZTP_ROLE_ACTIVE] = {BLOCKS, GO(UNFIT, OUT, CLOSE | LEAVE),
			     GO(LOST, OUT, CLOSE | LEAVE),
			     GO(UNASSIGNED, STANDBY, CLOSE), IS_FENCED,
			     GO(FAILED, FENCED, CLOSE | CHECK),
			     GO(STOP, LEAVING, LAST_TURN),
			     GO(NO_ANSWER, OUT, CLOSE | LEAVE),
			     GO(NO_RIGHT, YIELDING, LAST_TURN),
			     GO(NO_BROKER, YIELDING, LAST_TURN)},
	[ZTP_ROLE_FENCED] = {OPENS, GO(MEMBER, PAUSING, 0)},
	[ZTP_ROLE_PAUSING] = {OPENS, GO(TICK, CHECKING, CHECK)},
	[ZTP_ROLE_YIELDING] = {BLOCKS, GO(UNFIT, OUT, CLOSE | LEAVE),
			       GO(LOST, OUT, CLOSE | LEAVE),
			       GO(UNASSIGNED, STANDBY, CLOSE),
			       GO(LEFT, OUT, CLOSE | LEAVE),
			       GO(FENCED, OUT, CLOSE | LEAVE),
			       GO(FAILED, OUT, CLOSE | LEAVE),
			       GO(STOP, LEAVING, 0)},
	[ZTP_ROLE_LEAVING] = {GO(LEFT, GONE, CLOSE | LEAVE | DONE),
			      GO(FENCED, GONE, CLOSE | LEAVE | DONE),
			      GO(FAILED, GONE, CLOSE | LEAVE | DONE),
			      GO(LOST, GONE, CLOSE | LEAVE | DONE),
			      GO(UNASSIGNED, GONE, CLOSE | LEAVE | DONE)},
	[ZTP_ROLE_BLOCKED] = {ENDS_WITH(GONE)},
};

static const struct ztp_role_facts well = {.now = NOW, .ready = true};

/* No transition leads to the first state without an action. */
static bool is_empty(const struct cell *cell)
{
	return cell->to == ZTP_ROLE_OUT && cell->actions == 0;
}

static void every_event_in_every_state(void **unused)
{
	(void)unused;
	for (int state = 0; state < ZTP_ROLE_END; state++) {
		for (int event = 0; event < ZTP_ROLE_EVENT_END; event++) {
			const struct cell *cell = &matrix[state][event];
			/* Fenced once, so that it is not once too often. */
			struct ztp_role role = {
				.state = (enum ztp_role_state)state,
				.tries.tries = 1,
			};
			unsigned actions = ztp_role_on(
				&role, (enum ztp_role_event)event, &well);
			int to = is_empty(cell) ? state : (int)cell->to;

			if ((int)role.state != to || actions != cell->actions)
				fail_msg("%s, %s: %s, %#x",
					 ztp_role_state_name(state),
					 event_names[event],
					 ztp_role_state_name(role.state),
					 actions);
		}
	}
}

/* --- the ways through it */

struct step {
	enum ztp_role_event on;
	int64_t after; /* ms */
	enum ztp_role_state to;
	bool not_ready, left;
};

#define STEP(event, ms, state, ...)                                            \
	{                                                                      \
		.on = ZTP_ROLE_ON_##event, .after = (ms),                      \
		.to = ZTP_ROLE_##state, __VA_ARGS__                            \
	}

static void go(struct ztp_role *role, int64_t *now, const struct step *steps,
	       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ztp_role_facts facts = {
			.now = *now += steps[i].after,
			.ready = !steps[i].not_ready,
			.left = steps[i].left};

		ztp_role_on(role, steps[i].on, &facts);
		if (role->state != steps[i].to)
			fail_msg("step %zu, %s: %s", i,
				 event_names[steps[i].on],
				 ztp_role_state_name(role->state));
	}
}

#define GO_ALONG(role, now, steps)                                             \
	go(role, now, steps, sizeof(steps) / sizeof(*(steps)))

#define UP_TO_CLAIMING UP_TO_CLAIMING_AFTER(0)
#define UP_TO_CLAIMING_AFTER(pause)                                            \
	STEP(TICK, pause, STANDBY), STEP(ASSIGNED, 0, CHECKING),               \
		STEP(MEMBER, 0, FENCING), STEP(INITED, 10, RECHECKING),        \
		STEP(MEMBER, 0, READING), STEP(REACHED, 0, CLAIMING)

static void it_joins_when_it_is_ready(void **unused)
{
	static const struct step steps[] = {
		STEP(TICK, 0, OUT, .not_ready = true),
		STEP(TICK, 1000, STANDBY),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void it_waits_for_the_lease_of_the_one_before(void **unused)
{
	static const struct step steps[] = {
		UP_TO_CLAIMING,
		STEP(COMMITTED, 500, WAITING),
		STEP(TICK, 1499, WAITING),
		STEP(TICK, 1, ACTIVE),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void who_has_left_is_not_waited_for(void **unused)
{
	static const struct step steps[] = {
		UP_TO_CLAIMING,
		STEP(COMMITTED, 0, ACTIVE, .left = true),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void the_time_of_reading_counts_as_the_lease(void **unused)
{
	static const struct step steps[] = {
		UP_TO_CLAIMING,
		STEP(COMMITTED, ZTP_LEASE_MS, ACTIVE),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void who_still_waits_does_not_say_that_it_left(void **unused)
{
	static const struct step steps[] = {UP_TO_CLAIMING,
					    STEP(COMMITTED, 0, WAITING)};
	const struct ztp_role_facts facts = {.now = NOW + 100};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
	assert_int_equal(ztp_role_on(&role, ZTP_ROLE_ON_STOP, &facts),
			 CLOSE | LEAVE | DONE);
}

#define FENCED_ONCE(pause)                                                     \
	STEP(TICK, pause, CHECKING), STEP(MEMBER, 0, FENCING),                 \
		STEP(FENCED, 0, FENCED)

static void after_three_fences_it_goes_to_the_back_of_the_line(void **unused)
{
	static const struct step steps[] = {
		STEP(TICK, 0, STANDBY),	   STEP(ASSIGNED, 0, CHECKING),
		STEP(MEMBER, 0, FENCING),  STEP(FENCED, 0, FENCED),
		STEP(MEMBER, 0, PAUSING),  STEP(TICK, 700, PAUSING),
		FENCED_ONCE(600),	   STEP(MEMBER, 0, PAUSING),
		STEP(TICK, 1400, PAUSING), FENCED_ONCE(1200),
		STEP(MEMBER, 0, OUT),	   STEP(TICK, 2900, OUT),
		STEP(TICK, 2200, STANDBY),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void a_turn_between_them_forgets_the_fences(void **unused)
{
	static const struct step steps[] = {
		UP_TO_CLAIMING,
		STEP(COMMITTED, 0, ACTIVE, .left = true),
		STEP(FENCED, 0, FENCED),
		STEP(MEMBER, 0, PAUSING),
		STEP(TICK, 1300, CHECKING),
		STEP(MEMBER, 0, FENCING),
		STEP(INITED, 0, RECHECKING),
		STEP(MEMBER, 0, READING),
		STEP(REACHED, 0, CLAIMING),
		STEP(COMMITTED, 0, ACTIVE, .left = true),
		STEP(COMMITTED, 0, ACTIVE),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
	assert_int_equal(role.tries.tries, 0);
}

static void who_is_fenced_by_another_stands_by(void **unused)
{
	static const struct step steps[] = {
		UP_TO_CLAIMING,
		STEP(COMMITTED, 0, ACTIVE, .left = true),
		STEP(FENCED, 0, FENCED),
		STEP(UNASSIGNED, 0, STANDBY),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

#define UP_TO_ACTIVE UP_TO_ACTIVE_AFTER(0)
#define UP_TO_ACTIVE_AFTER(pause)                                              \
	UP_TO_CLAIMING_AFTER(pause), STEP(COMMITTED, 0, ACTIVE, .left = true)

/* The shortest pauses, which random 0 makes. */
#define PAUSE(ms) ((ms)*3 / 4)

static void without_a_broker_it_yields_less_and_less_often(void **unused)
{
	const int64_t first = PAUSE(ZTP_ROLE_YIELD_MS);
	const struct step steps[] = {
		STEP(NO_BROKER, 0, YIELDING),
		STEP(COMMITTED, 0, YIELDING), /* of the turn before the last */
		STEP(LEFT, 10, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, first - 21, ACTIVE),
		STEP(NO_BROKER, 1, YIELDING),
		STEP(LEFT, 0, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, 2 * first - 11, ACTIVE),
		STEP(NO_BROKER, 1, YIELDING),
		STEP(LEFT, 0, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, 2 * first - 11, ACTIVE),
		STEP(NO_BROKER, 1, YIELDING),
	};
	struct ztp_role role = {.state = ZTP_ROLE_ACTIVE};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

/* Whoever took its place has kept it for so long. */
static void a_long_time_without_a_reason_forgets_the_others(void **unused)
{
	const int64_t first = PAUSE(ZTP_ROLE_YIELD_MS);
	const struct step steps[] = {
		STEP(NO_BROKER, 0, YIELDING),
		STEP(LEFT, 0, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, first, YIELDING),
		STEP(LEFT, 0, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, ZTP_ROLE_ABLE_MS, YIELDING),
		STEP(LEFT, 0, OUT),
		UP_TO_ACTIVE,
		STEP(NO_BROKER, first, YIELDING),
	};
	struct ztp_role role = {.state = ZTP_ROLE_ACTIVE};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

/* Without a last turn, which would not be answered either. */
static void without_an_answer_it_leaves_once_in_a_while(void **unused)
{
	const int64_t first = PAUSE(ZTP_ROLE_YIELD_MS);
	const struct step steps[] = {
		STEP(NO_ANSWER, 0, OUT),
		STEP(TICK, 0, STANDBY),
		STEP(ASSIGNED, 0, CHECKING),
		STEP(NO_ANSWER, first - 1, CHECKING),
		STEP(NO_ANSWER, 1, OUT),
	};
	struct ztp_role role = {.state = ZTP_ROLE_ACTIVE};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

/* It may ask again where it is, and needs no other one to tell it. */
static void without_a_right_it_keeps_its_place_in_the_end(void **unused)
{
	const int64_t first = PAUSE(ZTP_ROLE_YIELD_MS);
	const struct step steps[] = {
		STEP(NO_RIGHT, 0, YIELDING),
		STEP(LEFT, 0, OUT),
		STEP(TICK, 0, STANDBY),
		STEP(ASSIGNED, 0, CHECKING),
		STEP(NO_RIGHT, first - 1, CHECKING),
		STEP(MEMBER, 0, FENCING),
	};
	struct ztp_role role = {.state = ZTP_ROLE_ACTIVE};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void it_says_until_when_it_keeps_its_place(void **unused)
{
	struct ztp_role role = {.state = ZTP_ROLE_ACTIVE, .yields.at = NOW + 1};

	(void)unused;
	assert_int_equal(ztp_role_keeps_until(&role, ZTP_ROLE_ON_NO_RIGHT, NOW),
			 NOW + 1);
	assert_int_equal(
		ztp_role_keeps_until(&role, ZTP_ROLE_ON_NO_RIGHT, NOW + 1), 0);
	assert_int_equal(ztp_role_keeps_until(&role, ZTP_ROLE_ON_TICK, NOW), 0);
	role.state = ZTP_ROLE_STANDBY;
	assert_int_equal(ztp_role_keeps_until(&role, ZTP_ROLE_ON_NO_RIGHT, NOW),
			 0);
}

/* Whatever the reason: here nothing is heard of the membership. */
static void what_comes_to_nothing_is_tried_after_growing_pauses(void **unused)
{
	static const struct step steps[] = {
		STEP(TICK, 0, STANDBY),	     STEP(ASSIGNED, 0, CHECKING),
		STEP(LOST, 0, OUT),	     STEP(TICK, 749, OUT),
		STEP(TICK, 1, STANDBY),	     STEP(ASSIGNED, 0, CHECKING),
		STEP(MEMBER, 0, FENCING),    STEP(LOST, 0, OUT),
		STEP(TICK, 1499, OUT),	     STEP(TICK, 1, STANDBY),
		STEP(ASSIGNED, 0, CHECKING), STEP(LOST, 0, OUT),
		STEP(TICK, 2999, OUT),	     UP_TO_ACTIVE_AFTER(1),
		STEP(LOST, 0, OUT),	     STEP(TICK, 5999, OUT),
		STEP(TICK, 1, STANDBY),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void who_has_served_begins_anew(void **unused)
{
	static const struct step steps[] = {
		UP_TO_ACTIVE,		STEP(COMMITTED, 0, ACTIVE),
		STEP(LOST, 0, OUT),	STEP(TICK, 0, STANDBY),
		STEP(LOST, 0, OUT), /* nobody had chosen it */
		STEP(TICK, 0, STANDBY),
	};
	struct ztp_role role = {0};
	int64_t now = NOW;

	(void)unused;
	GO_ALONG(&role, &now, steps);
}

static void it_says_when_time_matters(void **unused)
{
	struct ztp_role role = {.state = ZTP_ROLE_WAITING, .inited_at = NOW};

	(void)unused;
	assert_int_equal(ztp_role_next(&role), NOW + ZTP_LEASE_MS);
	role = (struct ztp_role){.state = ZTP_ROLE_PAUSING,
				 .tries.at = NOW + 1};
	assert_int_equal(ztp_role_next(&role), NOW + 1);
	role.state = ZTP_ROLE_ACTIVE;
	assert_int_equal(ztp_role_next(&role), 0);
}

static void others_see_three_roles(void **unused)
{
	(void)unused;
	assert_string_equal(ztp_role_name(ZTP_ROLE_OUT), "standby");
	assert_string_equal(ztp_role_name(ZTP_ROLE_WAITING), "opening");
	assert_string_equal(ztp_role_name(ZTP_ROLE_LEAVING), "active");
	assert_string_equal(ztp_role_state_name(ZTP_ROLE_WAITING), "waiting");
	for (int state = 0; state < ZTP_ROLE_END; state++)
		assert_int_equal(ztp_role_serves(state),
				 strcmp(ztp_role_name(state), "active") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state),
		cmocka_unit_test(it_joins_when_it_is_ready),
		cmocka_unit_test(it_waits_for_the_lease_of_the_one_before),
		cmocka_unit_test(who_has_left_is_not_waited_for),
		cmocka_unit_test(the_time_of_reading_counts_as_the_lease),
		cmocka_unit_test(who_still_waits_does_not_say_that_it_left),
		cmocka_unit_test(
			after_three_fences_it_goes_to_the_back_of_the_line),
		cmocka_unit_test(a_turn_between_them_forgets_the_fences),
		cmocka_unit_test(who_is_fenced_by_another_stands_by),
		cmocka_unit_test(
			without_a_broker_it_yields_less_and_less_often),
		cmocka_unit_test(
			a_long_time_without_a_reason_forgets_the_others),
		cmocka_unit_test(without_an_answer_it_leaves_once_in_a_while),
		cmocka_unit_test(without_a_right_it_keeps_its_place_in_the_end),
		cmocka_unit_test(it_says_until_when_it_keeps_its_place),
		cmocka_unit_test(
			what_comes_to_nothing_is_tried_after_growing_pauses),
		cmocka_unit_test(who_has_served_begins_anew),
		cmocka_unit_test(it_says_when_time_matters),
		cmocka_unit_test(others_see_three_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
