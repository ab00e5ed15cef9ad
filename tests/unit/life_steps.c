#include "life_steps.h"

#include "bridge/life/contacts.h"
#include "bridge/life/decisions.h"
#include "bridge/life/delivery.h"
#include "bridge/life/gate_answers.h"
#include "bridge/life/giving_up.h"
#include "bridge/life/pending.h"
#include "bridge/life/records.h"
#include "bridge/life/withdrawal.h"

/* --- events */

static void put(struct life_case *c, const char *path, int cert,
		enum ztp_state state, enum ztp_owed owed)
{
	(void)life_put(c, path, cert, state, owed);
}

static void write_event(struct life_case *c, const char *id, int64_t expires_in)
{
	struct journal_entry e = life_entry(c, PUMP, 1);

	e.request_id = id;
	if (expires_in)
		e.expires_at = LIFE_NOW + expires_in;
	life_write(c, &e);
}

static int read_events(struct life_case *c)
{
	return life_read(c, 10);
}

static void first_event(struct life_case *c)
{
	write_event(c, "event-1", 0);
}

static void shared_topic(struct life_case *c)
{
	c->b.channels = true;
	write_event(c, "event-1", 0);
}

static void taken_topic(struct life_case *c)
{
	static char topic[] = "cmd/{device}";

	c->config.mqtt.command_topic = topic;
	c->b.channels = true;
	put(c, "subscriptions/acme/registries/plant-8/devices/pump-42", 2,
	    ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void late_event(struct life_case *c)
{
	write_event(c, "event-1", -1);
}

static void event_of_a_loser(struct life_case *c)
{
	put(c, PUMP, 2, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void event_of_many(struct life_case *c)
{
	int i;

	for (i = 2; i < 2 + ZTP_CONTENDERS_MAX; i++)
		put(c, PUMP, i, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void event_after_a_while(struct life_case *c)
{
	c->config.onboarding.renotify_interval_ms = 1000;
	put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void event_of_the_onboarded(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void event_of_the_rejected(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	write_event(c, "event-1", 0);
}

static void event_of_the_deleted(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_WAIT_DEVICE);
	write_event(c, "event-1", 0);
}

static void nothing_but_news(struct life_case *c)
{
	struct journal_entry dead = {.kind = ENTRY_DEAD,
				     .path = PUMP,
				     .topic = "ztp/v1/pending",
				     .text = ""};
	struct journal_entry audit = {
		.kind = ENTRY_AUDIT, .path = PUMP, .text = "{}", .text_len = 2};

	put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_write(c, &dead);
	life_write(c, &audit);
}

static void a_crash(struct life_case *c)
{
	struct journal_mark floor = c->b.mark;

	write_event(c, "event-1", 0);
	c->producer.takes = true;
	life_ok(c, life_read(c, 10));
	life_ok(c, store_mark_set(c->b.store, &c->b.mark, &floor, &c->error));
	c->producer.takes = false;
	life_pass(c, LIFE_MIN);
}

static int recover(struct life_case *c)
{
	return pending_recover(&c->b, &c->error);
}

static void received(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
}

static int announced(struct life_case *c)
{
	return pending_announced(&c->b, 1, 1, &c->error);
}

/* The loser's topic is also another path's, and the winner is the newest. */
static void contenders(struct life_case *c)
{
	c->b.channels = true;
	put(c, PUMP, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	put(c, PUMP, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
}

static int decide(struct life_case *c, const char *verdict)
{
	struct consumer_record record;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		 "\"decision\":\"%s\",\"metadata\":{\"k\":\"v\"}}",
		 life_id(c, life_newest(c)), PUMP, verdict);
	record = life_next(c, text);
	return life_decide(c, &record);
}

static int approve(struct life_case *c)
{
	return decide(c, "approve");
}

static int reject(struct life_case *c)
{
	return decide(c, "reject");
}

static int decide_nonsense(struct life_case *c)
{
	return decide(c, "perhaps");
}

static void onboarded(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
}

static int pass_time(struct life_case *c)
{
	c->b.core.now = LIFE_NOW + LIFE_MIN;
	return decisions_time_out(&c->b, 10, &c->waiting, &c->more, &c->error);
}

static void silence_is_consent(struct life_case *c)
{
	c->config.onboarding.on_timeout = ZTP_APPROVE;
	contenders(c);
}

static void told(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
}

static void told_and_away(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
}

static int lost(struct life_case *c)
{
	return giving_up_lost(&c->b, 1, 300, true, &c->error);
}

static void lost_often(struct life_case *c)
{
	struct store_request r = life_row(c, 1);

	r.owed.losses = ZTP_LOSSES_MAX - 1;
	life_save(c, &r);
}

static void told_in_vain(struct life_case *c)
{
	told(c);
	lost_often(c);
}

static int impossible(struct life_case *c)
{
	return giving_up_impossible(&c->b, 1, "why", &c->error);
}

static void asked_in_vain(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	lost_often(c);
}

static void in_doubt(struct life_case *c)
{
	asked_in_vain(c);
	life_ok(c, lost(c));
}

static int withdraw(struct life_case *c)
{
	const struct journal_entry e = {.kind = ENTRY_WITHDRAWN,
					.path = PUMP,
					.request_id = life_id(c, 1),
					.text = ""};

	return withdrawal_apply(&c->b, &e, &c->error);
}

static int taken(struct life_case *c)
{
	return delivery_done(&c->b, 1, DELIVERY_TAKEN, 0, &c->error);
}

static bool has_sent_none(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	return false;
}

static const struct contacts_sender nobody = {has_sent_none, NULL};

static int applied(struct life_case *c)
{
	struct contacts_answer a = {
		.path = PUMP,
		.said = {.request_id = "r-1", .applied = true},
	};

	return contacts_answered(&c->b, &a, &nobody, &c->error);
}

/* Two answers from the broker and two from devices. */
static void answers(struct life_case *c)
{
	static const char topic[] = PUMP "/events/provisioning";
	static const char *const said[] = {
		"{\"request_id\":\"r-3\",\"status\":\"applied\"}",
		"{\"request_id\":\"r-4\",\"status\":\"applied\"}"};
	struct mqtt_out_user *user;
	int i;

	for (i = 0; i < 2; i++)
		put(c, PUMP, i, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	for (i = 0; i < 2; i++)
		put(c, PUMP, i, ZTP_STATE_DELIVERED, ZTP_OWED_WAIT_DEVICE);
	life_up(c, 10);
	life_pump(c);
	user = c->mqtt.user;
	for (i = 0; i < 2; i++) {
		assert_true(life_puback(c, i, 0));
		assert_true(user->message(user->arg, topic, said[i],
					  strlen(said[i])));
	}
}

static int apply_answers(struct life_case *c)
{
	return commands_apply(c->b.commands, &c->error);
}

/* --- the gate */

static void answer(struct life_case *c, enum registrar_question question,
		   const char *code)
{
	struct registrar *g = &c->registrar;

	snprintf(g->words[0].code, sizeof(g->words[0].code), "%s", code);
	g->answers[0] =
		(struct registrar_answer){1, question, &g->words[0], false};
	g->answer_count = 1;
}

static int hear(struct life_case *c)
{
	return gate_answers_apply(&c->b, &c->error);
}

static void approved_and_made(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	answer(c, REGISTRAR_CREATE, "OK");
}

static void approved_and_refused(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	answer(c, REGISTRAR_CREATE, "INTERNAL");
}

static void in_doubt_for_long(struct life_case *c)
{
	struct store_request r;

	in_doubt(c);
	r = life_row(c, 1);
	r.owed.due_at = LIFE_NOW;
	r.owed.retry_at = LIFE_NOW + 2 * LIFE_MIN;
	life_save(c, &r);
}

static void in_doubt_and_not_made(struct life_case *c)
{
	in_doubt(c);
	answer(c, REGISTRAR_ASK_MADE, "NOT_FOUND");
}

static void waiting_and_gone(struct life_case *c)
{
	put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
	answer(c, REGISTRAR_ASK_DEVICE, "NOT_FOUND");
}

static void a_new_connection(struct life_case *c)
{
	struct registrar *g = &c->registrar;

	put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	g->absent = true;
	snprintf(g->subscriptions[0].path, sizeof(g->subscriptions[0].path),
		 PUMP);
	g->subscription_count = 1;
}

/* --- records */

static int too_large(struct life_case *c)
{
	struct store_record record = {.topic = STORE_RESULTS,
				      .value = {"{}", 2}};
	struct store_record dead = {.topic = STORE_DLQ, .value = {"{}", 2}};
	const struct ztp_error why = {.code = ZTP_ERR_TOO_LARGE};
	int rc = records_refused(&c->b, &record, &why, &c->error);

	return rc == 0 ? records_refused(&c->b, &dead, &why, &c->error) : rc;
}

#define S(state) ZTP_STATE_##state

const struct life_step life_steps[] = {
	{"first event", false, first_event, read_events, S(RECEIVED), 1},
	{"shared topic", false, shared_topic, read_events, S(RECEIVED), 1},
	{"taken topic", false, taken_topic, read_events, S(CONFLICT), 1},
	{"late event", false, late_event, read_events, S(EXPIRED), 1},
	{"loser's event", false, event_of_a_loser, read_events, S(CONFLICT), 1},
	{"too many", false, event_of_many, read_events, S(REQUESTED), 1},
	{"announced again", false, event_after_a_while, read_events,
	 S(REQUESTED), 1},
	{"given again", false, event_of_the_onboarded, read_events,
	 S(ONBOARDED), 0},
	{"kept away", true, event_of_the_rejected, read_events, S(REJECTED), 0},
	{"deleted", true, event_of_the_deleted, read_events, S(RECEIVED), 1},
	{"news", false, nothing_but_news, read_events, S(ONBOARDED), 2},
	{"told again", false, a_crash, recover, S(RECEIVED), 1},
	{"announced", false, received, announced, S(REQUESTED), 0},
	{"approved", false, contenders, approve, S(REGISTERED), 1},
	{"approved, gate", true, contenders, approve, S(APPROVED), 1},
	{"rejected", false, contenders, reject, S(REJECTED), 1},
	{"decided before", false, onboarded, reject, S(ONBOARDED), 1},
	{"unreadable", false, onboarded, decide_nonsense, S(ONBOARDED), 2},
	{"invalid", false, contenders, decide_nonsense, S(RECEIVED), 2},
	{"lost", false, told, lost, S(REGISTERED), 0},
	{"lost for good", false, told_in_vain, lost, S(UNDELIVERABLE), 1},
	{"in doubt", true, asked_in_vain, lost, S(APPROVED), 0},
	{"never made", true, in_doubt_and_not_made, hear, S(FAILED), 1},
	{"never said", true, in_doubt_for_long, pass_time, S(FAILED), 1},
	{"impossible", false, told, impossible, S(UNDELIVERABLE), 1},
	{"withdrawn", true, received, withdraw, S(WITHDRAWN), 1},
	{"expired", false, contenders, pass_time, S(EXPIRED), 2},
	{"consent", false, silence_is_consent, pass_time, S(CONFLICT), 1},
	{"not taken", false, told_and_away, pass_time, S(UNDELIVERABLE), 1},
	{"taken", false, told, taken, S(ONBOARDED), 1},
	{"applied", false, told, applied, S(ONBOARDED), 1},
	{"answers", false, answers, apply_answers, S(ONBOARDED), 4},
	{"made", true, approved_and_made, hear, S(REGISTERED), 0},
	{"not made", true, approved_and_refused, hear, S(FAILED), 1},
	{"gone", true, waiting_and_gone, hear, S(UNDELIVERABLE), 1},
	{"new connection", true, a_new_connection, hear, S(REGISTERED), 0},
	{"too large", false, onboarded, too_large, S(ONBOARDED), 2},
};

const size_t life_step_count = sizeof(life_steps) / sizeof(*life_steps);
