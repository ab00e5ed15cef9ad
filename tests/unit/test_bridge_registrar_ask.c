/* Messages of many commands to the gate: bounded in bytes and in number, and
 * split when an answer is too large. The connection and the gate are played. */
#include "registrar_case.h"

#include "base/json_tree.h"
#include "ztp/text.h"

static void wait_for_devices(struct ask_case *c, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		struct store_request r = store_case_request(i);

		snprintf(r.id, sizeof(r.id), "r-%03d", i);
		snprintf(r.path, sizeof(r.path), PATH, i);
		r.state = ZTP_STATE_REGISTERED;
		r.owed.what = ZTP_OWED_WAIT_DEVICE;
		assert_int_equal(store_request_add(c->store->store, &r,
						   &c->store->error),
				 0);
	}
}

static int questions(const struct ask_case *c, int i)
{
	const char *at = c->mqtt.sent[i];
	int n = 0;

	assert_true(i < c->mqtt.count);
	while ((at = strstr(at, "getDevice")) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* An answer that is larger than the bridge reads, to a question of this one. */
static void answer_too_much_to(struct ask_case *c, const char *whose)
{
	size_t n = 1024 * 1024 + 1;
	char *text = malloc(n);
	int begin;

	assert_non_null(text);
	memset(text, ' ', n);
	begin = snprintf(text, n,
			 "{\"responses\":[{\"command\":\"getDevice\","
			 "\"correlationData\":\"%s\",",
			 whose);
	text[begin] = ' ';
	hear(c, text, n);
	free(text);
}

static void answer_too_much(struct ask_case *c)
{
	answer_too_much_to(c, "g/ask:1");
}

/* --- */

static void each_message_has_a_bound(void **state)
{
	struct ask_case *c = *state;
	int asked = 0, i;

	wait_for_devices(c, 100);
	connect_to(c, 1000);
	while (c->g->asking) {
		registrar_pump(c->g);
		answer(c);
	}
	for (i = 0; i < c->mqtt.count; i++) {
		assert_true(strlen(c->mqtt.sent[i]) <= 8192);
		assert_in_range(questions(c, i), 1, 32);
		asked += questions(c, i);
	}
	assert_int_equal(asked, 100);
	assert_in_range(c->mqtt.count, 4, 6);
}

static void an_older_gate_is_asked_one_by_one(void **state)
{
	struct ask_case *c = *state;
	int i;

	wait_for_devices(c, 5);
	connect_to(c, 0);
	for (i = 0; i < 6; i++)
		registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 5);
	assert_int_equal(questions(c, 0), 1);
	assert_false(c->g->asking);
}

static void the_gate_says_how_many(void **state)
{
	struct ask_case *c = *state;

	wait_for_devices(c, 10);
	connect_to(c, 7);
	registrar_pump(c->g);
	assert_int_equal(questions(c, 0), 7);
}

/* One of 40 devices has an answer that is too large: the others are asked
 * about all the same. */
static void one_device_does_not_block_the_others(void **state)
{
	struct ask_case *c = *state;
	bool answered[40] = {false};
	int i, n = 0, rounds = 0;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	while (c->g->asking || c->g->busy > 0) {
		bool poison = false;

		assert_true(++rounds < 100);
		registrar_pump(c->g);
		for (i = 0; i < REGISTRAR_WINDOW; i++)
			poison = poison || c->g->ops[i].n == 11;
		if (poison) {
			answer_too_much(c);
			c->mqtt.count = 0;
			continue;
		}
		for (i = 0; i < REGISTRAR_WINDOW; i++)
			if (c->g->ops[i].n != 0)
				answered[c->g->ops[i].n - 1] = true;
		answer(c);
		c->mqtt.count = 0;
	}
	for (i = 0; i < 40; i++)
		n += answered[i];
	assert_int_equal(n, 39);
	assert_false(answered[10]);
	/* It goes back to many at a time. */
	registrar_ask(c->g, 12);
	registrar_pump(c->g);
	answer(c);
	assert_int_equal(c->g->page, 32);
}

/* All that is to be asked is, and the gate has no answer for row n (0: it has
 * all). As gate_answers.c does. */
static int ask_all_but(struct ask_case *c, int64_t n)
{
	int i, asked = 0;

	registrar_pump(c->g);
	while (c->g->asking || c->g->busy > 0) {
		for (i = 0; i < REGISTRAR_WINDOW; i++)
			if (n != 0 && c->g->ops[i].n == n)
				registrar_ask_later(c->g, n);
		asked += c->g->busy;
		answer(c);
		c->mqtt.count = 0;
		registrar_pump(c->g);
	}
	return asked;
}

static void what_has_no_answer_is_asked_after_a_pause(void **state)
{
	static const int64_t pauses[] = {250,  500,   1000,  2000, 4000,
					 8000, 16000, 30000, 30000};
	struct ask_case *c = *state;
	size_t i;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	assert_int_equal(ask_all_but(c, 11), 40);
	for (i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		int64_t at = registrar_ask_next(c->g);
		int64_t least = pauses[i] - pauses[i] / 4;

		assert_in_range(at - c->core.now, least, least + pauses[i] / 2);
		c->core.now = at - 1;
		assert_int_equal(ask_all_but(c, 11), 0);
		assert_int_equal(registrar_next(c->g), at);
		c->core.now = at;
		assert_int_equal(ask_all_but(c, 11), 30);
	}
	/* With its answer the next pause is a short one. */
	c->core.now = registrar_ask_next(c->g);
	assert_int_equal(ask_all_but(c, 0), 30);
	assert_int_equal(registrar_ask_next(c->g), 0);
	registrar_ask(c->g, 5);
	assert_int_equal(ask_all_but(c, 6), 36);
	assert_in_range(registrar_ask_next(c->g) - c->core.now, 187, 313);
	/* Whoever subscribed before we were told of it did so unheard. */
	c->mqtt.user->granted(c->mqtt.user->arg);
	assert_int_equal(ask_all_but(c, 0), 40);
	/* A new connection asks about everything. */
	c->mqtt.user->down(c->mqtt.user->arg);
	connect_to(c, 1000);
	assert_int_equal(ask_all_but(c, 0), 40);
	assert_int_equal(registrar_ask_next(c->g), 0);
}

/* What another bridge, or ztpctl, has asked for. */
static void too_large_an_answer_to_others_is_not_ours(void **state)
{
	struct ask_case *c = *state;
	int asked;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	registrar_pump(c->g);
	asked = c->g->busy;
	assert_true(asked > 1);
	answer_too_much_to(c, "other/ask:1");
	answer_too_much_to(c, "og/ask:1");
	assert_int_equal(c->g->busy, asked);
	assert_int_equal(c->g->page, 32);
	assert_false(c->g->one_at_a_time);
	answer_too_much(c);
	assert_int_equal(c->g->page, 16);
	assert_true(c->g->one_at_a_time);
}

static void a_broker_with_a_small_limit(void **state)
{
	struct ask_case *c = *state;
	int rounds = 0, asked = 0, i;

	wait_for_devices(c, 40);
	c->mqtt.max = 2000;
	connect_to(c, 1000);
	while (c->g->asking || c->g->busy > 0) {
		assert_true(++rounds < 200);
		registrar_pump(c->g);
		for (i = 0; i < c->mqtt.count; i++)
			asked += questions(c, i);
		c->mqtt.count = 0;
		answer(c);
	}
	assert_int_equal(asked, 40);
	/* One question alone is too large: it is not asked for ever. */
	c->mqtt.max = 10;
	registrar_ask(c->g, 40);
	for (rounds = 0; rounds < 20 && c->g->asking; rounds++)
		registrar_pump(c->g);
	assert_false(c->g->asking);
	assert_int_equal(c->g->busy, 0);
}

/* On MQTT 3.1.1 nothing but a lost connection tells. */
static void a_lost_connection_shortens_messages(void **state)
{
	struct ask_case *c = *state;
	size_t before, after;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	registrar_pump(c->g);
	before = strlen(c->mqtt.sent[0]);
	c->mqtt.user->down(c->mqtt.user->arg);
	assert_int_equal(c->g->busy, 0);
	connect_to(c, 1000);
	registrar_pump(c->g);
	after = strlen(c->mqtt.sent[0]);
	assert_true(after < before * 2 / 3);
	/* The answer says that it is not the size. */
	answer(c);
	registrar_pump(c->g);
	assert_true(strlen(c->mqtt.sent[c->mqtt.count - 1]) > after);
}

/* What was to be done for a device gets a result, and the question does not. */
static void what_was_lost_is_reported(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = store_case_request(1);

	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	connect_to(c, 1000);
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	c->mqtt.user->down(c->mqtt.user->arg);
	assert_true(registrar_busy(c->g, r.n));
	assert_true(c->g->ops[0].done && c->g->ops[0].lost);
	registrar_settle(c->g);
	assert_false(registrar_busy(c->g, r.n));
	/* Nor is a late answer waited for. */
	connect_to(c, 1000);
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	c->core.now += 5000;
	registrar_collect(c->g);
	assert_true(c->g->ops[0].done && c->g->ops[0].lost);
}

static void a_command_that_never_fits_is_answered(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = store_case_request(1);

	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	connect_to(c, 1000);
	c->mqtt.max = 10;
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	assert_true(c->g->ops[0].done);
	assert_false(c->g->ops[0].lost);
	assert_string_equal(c->g->ops[0].answer.code, "RESOURCE_EXHAUSTED");
}

/* All operators' answers go to one topic. */
static void what_others_are_answered_is_not_ours(void **state)
{
	static const char *const whose[] = {"", "g", "g2/info:", "other/info:"};
	struct ask_case *c = *state;
	char text[256];

	connect_to(c, 0);
	assert_true(registrar_ready(c->g));
	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"responses\":[{\"command\":\"getInfo\",\"code\":"
			 "\"PERMISSION_DENIED\",\"correlationData\":\"%s\"}]}",
			 whose[i]);
		hear(c, text, strlen(text));
		assert_true(registrar_ready(c->g));
	}
	snprintf(text, sizeof(text),
		 "{\"responses\":[{\"command\":\"getInfo\",\"code\":"
		 "\"PERMISSION_DENIED\",\"correlationData\":\"g/info:\"}]}");
	hear(c, text, strlen(text));
	assert_false(registrar_ready(c->g));
}

/* A code and a message as long as they like, in letters of two bytes. */
static void what_is_cut_is_still_text(void **state)
{
	static const char *const members[] = {"code", "error"};
	struct control_answer a;
	char text[2048];
	cJSON *tree;

	(void)state;
	for (int first = 0; first < 2; first++) {
		int n = snprintf(text, sizeof(text), "{\"data\":{}");

		for (size_t i = 0; i < 2; i++) {
			n += snprintf(text + n, sizeof(text) - (size_t)n,
				      ",\"%s\":\"%s", members[i],
				      first ? "x" : "");
			for (int k = 0; k < 200; k++, n += 2)
				memcpy(text + n, "\xc3\xa4", 3);
			n += snprintf(text + n, sizeof(text) - (size_t)n, "\"");
		}
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "}");
		assert_int_equal(ztp_tree_parse(&tree, text, strlen(text),
						sizeof(text), NULL),
				 0);
		control_read(&a, tree);
		cJSON_Delete(tree);
		assert_true(ztp_utf8_valid(a.code, strlen(a.code)));
		assert_true(ztp_utf8_valid(a.message, strlen(a.message)));
		assert_in_range(strlen(a.message), 150, 159);
	}
}

/* The gate takes correlationData of 256 bytes, and a group may have 255. */
static void a_long_group_has_a_short_mark(void **state)
{
	static char one[256], two[256];
	char a[CONTROL_CORRELATION], b[CONTROL_CORRELATION];
	struct ask_case *c = *state;

	memset(one, 'x', sizeof(one) - 1);
	memcpy(two, one, sizeof(two));
	two[200] = 'y';
	c->config.kafka.group = one;
	registrar_name(c->g);
	registrar_correlate(a, c->g, "create", "id");
	assert_true(registrar_is_ours(c->g, a));
	c->config.kafka.group = two;
	registrar_name(c->g);
	assert_false(registrar_is_ours(c->g, a));
	registrar_correlate(b, c->g, "create", "id");
	assert_string_not_equal(a, b);
	/* and one that JSON writes in another way */
	memcpy(one, "\"\xc3\xa9", sizeof("\"\xc3\xa9"));
	c->config.kafka.group = one;
	registrar_name(c->g);
	assert_null(strpbrk(c->g->mark, "\"\xc3"));
}

static void standbys_do_not_take_each_other_s_answers(void **state)
{
	static char zulu[] = "zulu", alpha[] = "alpha";
	char asked[CONTROL_CORRELATION];
	struct ask_case *c = *state;

	c->config.standby.enabled = true;
	c->config.standby.instance = zulu;
	registrar_name(c->g);
	registrar_correlate(asked, c->g, "create", "id");
	assert_string_equal(asked, "g/zulu/create:id");
	assert_true(registrar_is_ours(c->g, asked));
	c->config.standby.instance = alpha;
	registrar_name(c->g);
	assert_false(registrar_is_ours(c->g, asked));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_message_has_a_bound),
		T(an_older_gate_is_asked_one_by_one),
		T(the_gate_says_how_many),
		T(one_device_does_not_block_the_others),
		T(what_has_no_answer_is_asked_after_a_pause),
		T(too_large_an_answer_to_others_is_not_ours),
		T(a_broker_with_a_small_limit),
		T(a_lost_connection_shortens_messages),
		T(what_was_lost_is_reported),
		T(a_command_that_never_fits_is_answered),
		T(what_others_are_answered_is_not_ours),
		T(what_is_cut_is_still_text),
		T(a_long_group_has_a_short_mark),
		T(standbys_do_not_take_each_other_s_answers),
	};

	return cmocka_run_group_tests_name("bridge_registrar_ask", tests, NULL,
					   NULL);
}
