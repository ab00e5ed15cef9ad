/* A gate that is slow, or silent: an answer that comes after its question was given
 * up is heard, and what gets none is known. */
#include "registrar_case.h"

#include "ztp/obligation.h"

static struct store_request put(struct ask_case *c, int i, enum ztp_state at,
				enum ztp_owed what)
{
	struct store_request r = store_case_request(i);

	snprintf(r.id, sizeof(r.id), "r-%03d", i);
	snprintf(r.path, sizeof(r.path), PATH, i);
	r.state = at;
	r.owed.what = what;
	r.owed.retry_at = what == ZTP_OWED_WAIT_DEVICE ? 0 : 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	return r;
}

static struct store_request approved(struct ask_case *c, int i)
{
	return put(c, i, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
}

static void say(struct ask_case *c, const char *correlation, const char *code)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"responses\":[{\"command\":\"any\",\"code\":\"%s\","
		 "\"correlationData\":\"%s\"}]}",
		 code, correlation);
	hear(c, text, strlen(text));
}

struct seen {
	int count, lost;
	struct registrar_answer last;
	char code[32];
};

static int see(void *arg, const struct registrar_answer *answer)
{
	struct seen *seen = arg;

	seen->count++;
	seen->lost += answer->lost;
	seen->last = *answer;
	snprintf(seen->code, sizeof(seen->code), "%s", answer->said->code);
	return 0;
}

/* What the turn has to apply. */
static struct seen turn(struct ask_case *c)
{
	struct seen seen = {0};

	registrar_collect(c->g);
	assert_int_equal(registrar_answer_each(c->g, see, &seen), 0);
	registrar_settle(c->g);
	return seen;
}

static void ask(struct ask_case *c, const struct store_request *r)
{
	assert_true(registrar_send(c->g, r));
	assert_true(registrar_flush(c->g));
}

static void give_up(struct ask_case *c)
{
	c->core.now += REGISTRAR_ANSWER_MS;
	assert_int_equal(turn(c).lost, 1);
	assert_int_equal(registrar_in_flight(c->g), 0);
}

/* --- late answers */

/* In the order in which it was asked, so before getInfo, without which nothing is
 * asked again. */
static void a_slow_gate_is_heard(void **state)
{
	static const struct {
		enum ztp_state at;
		enum ztp_owed what;
		enum registrar_question question;
		const char *correlation;
	} lines[] = {
		{ZTP_STATE_APPROVED, ZTP_OWED_REGISTER, REGISTRAR_CREATE,
		 "g/create:r-000"},
		{ZTP_STATE_REJECTED, ZTP_OWED_RELEASE, REGISTRAR_REJECT,
		 "g/reject:r-001"},
		{ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_CHECK, REGISTRAR_ASK_HELD,
		 "g/held:r-002"},
	};
	struct ask_case *c = *state;
	int i;

	connect_to(c, 1000);
	for (i = 0; i < 3; i++) {
		struct store_request r = put(c, i, lines[i].at, lines[i].what);
		struct seen seen;

		c->g->informed = true;
		ask(c, &r);
		give_up(c);
		say(c, lines[i].correlation, "OK");
		/* It is not asked meanwhile. */
		assert_true(registrar_busy(c->g, r.n));
		seen = turn(c);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.last.n, r.n);
		assert_int_equal(seen.last.question, lines[i].question);
		assert_false(seen.last.lost);
		assert_string_equal(seen.code, "OK");
		assert_false(registrar_busy(c->g, r.n));
		assert_int_equal(registrar_in_flight(c->g), 0);
	}
}

static void a_late_word_about_a_device_is_heard(void **state)
{
	struct ask_case *c = *state;
	struct store_request r =
		put(c, 0, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
	struct seen seen;

	connect_to(c, 1000);
	registrar_pump(c->g);
	assert_int_equal(registrar_in_flight(c->g), 1);
	c->core.now += REGISTRAR_ANSWER_MS;
	assert_int_equal(turn(c).count, 0);
	assert_int_equal(registrar_in_flight(c->g), 0);
	say(c, "g/device:r-000", "OK");
	seen = turn(c);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.n, r.n);
	assert_int_equal(seen.last.question, REGISTRAR_ASK_DEVICE);
}

/* It comes in the very turn in which it is given up. */
static void a_late_answer_is_in_time_for_its_turn(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = approved(c, 0);
	struct seen seen;

	connect_to(c, 1000);
	ask(c, &r);
	c->core.now += REGISTRAR_ANSWER_MS;
	registrar_collect(c->g);
	say(c, "g/create:r-000", "OK");
	seen = turn(c);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.lost, 0);
	assert_string_equal(seen.code, "OK");
}

/* What is asked instead needs no answer any more. */
static void it_answers_what_was_asked_since(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = approved(c, 0);
	struct seen seen;

	connect_to(c, 1000);
	r.owed.losses = ZTP_LOSSES_MAX;
	ask(c, &r);
	say(c, "g/create:r-000", "OK");
	seen = turn(c);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.question, REGISTRAR_CREATE);
	assert_int_equal(registrar_in_flight(c->g), 0);
	/* ... and has one, of which there is nothing to be done. */
	ask(c, &r);
	say(c, "g/made:r-000", "OK");
	say(c, "g/create:r-000", "NOT_FOUND");
	say(c, "g/made:r-000", "NOT_FOUND");
	seen = turn(c);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.question, REGISTRAR_ASK_MADE);
	assert_string_equal(seen.code, "OK");
}

static void what_is_not_owed_is_not_heard(void **state)
{
	static const char *const none[] = {
		"g/create:r-001", /* has been created */
		"g/made:r-001",	     "g/reject:r-000",
		"g/held:r-000",	     "g/device:r-000",
		"g/create:r-009",    "g/create:",
		"g/create",	     "g/created:r-000",
		"g/:r-000",	     "g/",
		"other/create:r-000"};
	struct ask_case *c = *state;
	size_t i;

	approved(c, 0);
	put(c, 1, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
	connect_to(c, 1000);
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		say(c, none[i], "OK");
	assert_int_equal(turn(c).count, 0);
	assert_int_equal(registrar_in_flight(c->g), 0);
}

/* More at once than fit: those are asked again. */
static void late_answers_have_a_bound(void **state)
{
	struct ask_case *c = *state;
	char correlation[64];
	int i;

	connect_to(c, 1000);
	for (i = 0; i < REGISTRAR_WINDOW + 5; i++) {
		approved(c, i);
		snprintf(correlation, sizeof(correlation), "g/create:r-%03d",
			 i);
		say(c, correlation, "OK");
	}
	assert_int_equal(turn(c).count, REGISTRAR_WINDOW);
	assert_int_equal(registrar_in_flight(c->g), 0);
}

/* --- silence */

/* It is not told again what it may have done, but asked. */
static void what_is_in_doubt_is_asked(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = approved(c, 0);

	connect_to(c, 1000);
	r.owed.losses = ZTP_LOSSES_MAX - 1;
	ask(c, &r);
	assert_non_null(strstr(c->mqtt.sent[0], "\"createDevice\""));
	give_up(c);
	c->g->informed = true;
	r.owed.losses = ZTP_LOSSES_MAX;
	ask(c, &r);
	assert_non_null(strstr(c->mqtt.sent[1], "\"getDevice\""));
	assert_non_null(strstr(c->mqtt.sent[1], "g/made:r-000"));
	assert_null(strstr(c->mqtt.sent[1], "createDevice"));
}

/* Nobody is created, and nobody asked about: the bridge would not know. */
static void a_gate_that_says_nothing_is_not_well(void **state)
{
	struct ask_case *c = *state;

	connect_to(c, 1000);
	registrar_settle(c->g);
	c->g->next_info = c->core.now;
	registrar_pump(c->g);
	assert_int_equal(registrar_next(c->g),
			 c->core.now + REGISTRAR_ANSWER_MS);
	c->core.now += REGISTRAR_ANSWER_MS - 1;
	turn(c);
	assert_true(registrar_ready(c->g));
	c->core.now++;
	turn(c);
	assert_false(registrar_ready(c->g));
	/* It is asked again and again, and the answer to any of these will do. */
	c->mqtt.count = 0;
	registrar_pump(c->g);
	c->core.now += REGISTRAR_ANSWER_MS;
	turn(c);
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 2);
	connect_to(c, 1000);
	assert_true(registrar_ready(c->g));
	turn(c);
	assert_true(registrar_ready(c->g));
}

/* Who has no answer is asked after a pause that grows. */
static void a_device_without_an_answer_is_asked_after_a_pause(void **state)
{
	struct ask_case *c = *state;
	int64_t before = 0;
	int i;

	put(c, 0, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
	connect_to(c, 1000);
	for (i = 0; i < 7; i++) {
		registrar_pump(c->g);
		assert_int_equal(registrar_in_flight(c->g), 1);
		c->core.now += REGISTRAR_ANSWER_MS;
		turn(c);
		c->g->informed = true;
		registrar_pump(c->g);
		assert_int_equal(registrar_in_flight(c->g), 0);
		assert_true(registrar_ask_next(c->g) - c->core.now > before);
		before = registrar_ask_next(c->g) - c->core.now;
		c->core.now += before;
		c->mqtt.count = 0;
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_slow_gate_is_heard),
		T(a_late_word_about_a_device_is_heard),
		T(a_late_answer_is_in_time_for_its_turn),
		T(it_answers_what_was_asked_since),
		T(what_is_not_owed_is_not_heard),
		T(late_answers_have_a_bound),
		T(what_is_in_doubt_is_asked),
		T(a_gate_that_says_nothing_is_not_well),
		T(a_device_without_an_answer_is_asked_after_a_pause),
	};

	return cmocka_run_group_tests_name("bridge_registrar_late", tests, NULL,
					   NULL);
}
