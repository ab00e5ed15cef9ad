#include "life_case.h"

#include "bridge/core/verdicts.h"
#include "bridge/life/decisions.h"
#include "bridge/life/pending.h"

#define DECISIONS "ztp.decisions"

const struct life_other life_others[LIFE_OTHERS] = {
	{ZTP_STATE_RECEIVED, false},	  {ZTP_STATE_REQUESTED, false},
	{ZTP_STATE_APPROVED, false},	  {ZTP_STATE_REGISTERED, false},
	{ZTP_STATE_DELIVERED, false},	  {ZTP_STATE_ONBOARDED, false},
	{ZTP_STATE_REJECTED, true},	  {ZTP_STATE_EXPIRED, true},
	{ZTP_STATE_CONFLICT, true},	  {ZTP_STATE_FAILED, true},
	{ZTP_STATE_UNDELIVERABLE, false}, {ZTP_STATE_WITHDRAWN, true},
};

/* The configuration owns its texts, so they cannot be const. */
static char text_requests[] = "ztp.requests", text_results[] = "ztp.results",
	    text_dlq[] = "ztp.dlq", text_audit[] = "ztp.audit",
	    text_decisions[] = DECISIONS, text_pending[] = "ztp/v1/pending",
	    text_command[] = "{device_path}/commands/provisioning";
static char *no_fields[] = {NULL};
static char *pending_topics[] = {text_pending, NULL};

static const struct config_mqtt mqtt = {
	.version = 5,
	.pending_topics = {pending_topics, 1},
	.command_topic = text_command,
	.retry_rate = 100,
	.max_command = 120 * 1024,
};
static const struct config_topics topics = {.requests = text_requests,
					    .decisions = text_decisions,
					    .results = text_results,
					    .dlq = text_dlq,
					    .audit = text_audit};
static const struct config_onboarding onboarding = {
	.decision_timeout_ms = 10 * LIFE_MIN,
	.on_timeout = ZTP_REJECT,
	.delivery_timeout_ms = 5 * LIFE_MIN,
	.renotify_interval_ms = 60 * LIFE_MIN,
	.reject_cooldown_ms = 15 * LIFE_MIN,
	.notify_rejected = true,
	.payload_retention_ms = 30 * LIFE_MIN,
	.omit_fields = {no_fields, 0},
};

/* --- setup and teardown */

static void open_log(struct life_case *c)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s/log", c->scratch.dir);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	log_init(&c->log, fd, LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
}

static void open_bridge(struct life_case *c)
{
	struct bridge *b = &c->b;

	b->core.config = &c->config;
	b->core.log = &c->log;
	b->core.now = LIFE_NOW;
	b->horizon = INT64_MAX; /* Kafka has no older records for us */
	snprintf(b->source, sizeof(b->source), "//ztp-bridge/test");
	b->producer = &c->producer;
	b->mqtt_out = &c->mqtt;
	life_ok(c, store_open(&b->store, c->scratch.base, false, &c->error));
	ledger_local_init(&c->ledger, b->store, b->producer);
	b->ledger = &c->ledger.ledger;
	store_mark_get(b->store, &b->mark);
	life_ok(c, journal_open(&b->journal, c->scratch.base, false, &b->mark,
				&b->mark, &c->error));
	b->told.segment = journal_first_segment(b->journal);
	life_ok(c, verdicts_new(&b->verdicts, &c->error));
	life_ok(c, commands_new(&b->commands, b, &c->error));
}

int life_setup(void **state)
{
	struct life_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	scratch_make_in_memory(&c->scratch);
	open_log(c);
	c->config.mqtt = mqtt;
	c->config.kafka.topics = topics;
	c->config.onboarding = onboarding;
	c->config.store.max_requests = 100;
	open_bridge(c);
	*state = c;
	return 0;
}

int life_setup_gate(void **state)
{
	struct life_case *c;

	life_setup(state);
	c = *state;
	c->registrar.ready = true;
	c->b.registrar = &c->registrar;
	return 0;
}

int life_teardown(void **state)
{
	struct life_case *c = *state;

	commands_free(c->b.commands);
	verdicts_free(c->b.verdicts);
	journal_close(c->b.journal);
	store_close(c->b.store);
	close(c->log.sink.fd);
	scratch_remove(&c->scratch);
	played_record_clear(&c->record);
	played_record_clear(&c->producer.last);
	free(c);
	return 0;
}

void life_ok(const struct life_case *c, int rc)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, c->error.message);
}

void life_pass(struct life_case *c, int64_t ms)
{
	c->b.core.now += ms;
}

void life_commit(struct life_case *c)
{
	life_ok(c, store_commit(c->b.store, c->b.core.now, &c->error));
}

/* --- pending events */

struct journal_entry life_entry(struct life_case *c, const char *path, int cert)
{
	static char ids[2][16]; /* of the last two */
	char *id = ids[++c->entries % 2];
	struct journal_entry e = {
		.kind = ENTRY_PENDING,
		.arrived_wall = c->b.core.now,
		.arrived_steady = c->b.core.now,
		.path = path,
		.own_id = id,
		.own_trace = LIFE_TRACE,
		.received_at = c->b.core.now,
	};

	snprintf(id, sizeof(ids[0]), "own-%d", c->entries);
	memset(e.cert.fingerprint, cert, ZTP_SHA256_LEN);
	memset(e.cert.identity, cert, ZTP_SHA256_LEN);
	snprintf(e.cert.subject, sizeof(e.cert.subject), "CN=%d", cert);
	return e;
}

void life_write(struct life_case *c, const struct journal_entry *entry)
{
	uint8_t *bytes = NULL;
	size_t cap = 0;
	long n = journal_entry_pack(&bytes, &cap, entry);

	assert_true(n > 0);
	life_ok(c, journal_append(c->b.journal, bytes, (size_t)n, &c->error));
	free(bytes);
}

int life_read(struct life_case *c, int limit)
{
	return pending_apply(&c->b, limit, &c->more, &c->blocked, &c->error);
}

void life_take(struct life_case *c, const struct journal_entry *entry)
{
	life_write(c, entry);
	life_ok(c, life_read(c, 100));
}

void life_knock(struct life_case *c, const char *path, int cert)
{
	life_knock_as(c, path, cert, "");
}

void life_knock_as(struct life_case *c, const char *path, int cert,
		   const char *id)
{
	struct journal_entry e = life_entry(c, path, cert);

	e.request_id = id;
	life_take(c, &e);
}

/* --- requests */

static void put_decision(struct life_case *c, struct store_request *r)
{
	static uint8_t payload[] = "{\"a\":1}";
	struct store_decision d = {
		.by_customer = true,
		.verdict = r->state != ZTP_STATE_REJECTED,
		.topic = DECISIONS,
		.offset = 100 + r->n,
	};

	if (d.verdict == ZTP_APPROVE) {
		d.payload.kind = ZTP_PAYLOAD_JSON;
		d.payload.data = payload;
		d.payload.len = sizeof(payload) - 1;
	} else {
		snprintf(d.reason, sizeof(d.reason), "not_ours");
		snprintf(d.message, sizeof(d.message), "not ours");
	}
	life_ok(c, store_decision_put(c->b.store, r, &d, &c->error));
	life_save(c, r);
}

static bool is_decided(enum ztp_state state)
{
	return !ztp_state_undecided(state) && state != ZTP_STATE_EXPIRED &&
	       state != ZTP_STATE_CONFLICT && state != ZTP_STATE_WITHDRAWN;
}

/* An obligation as the table sets it. */
static struct ztp_obligation owed(enum ztp_state state, enum ztp_owed what)
{
	struct ztp_obligation o = {.what = what, .retry_at = LIFE_NOW};

	if (what == ZTP_OWED_NONE || what == ZTP_OWED_WAIT_DEVICE ||
	    what == ZTP_OWED_NOTICE_WAIT)
		o.retry_at = 0;
	if (ztp_state_undecided(state) || ztp_owed_is_notice(what) ||
	    (ztp_owed_is_command(what) && state != ZTP_STATE_UNDELIVERABLE))
		o.due_at = LIFE_NOW + LIFE_MIN;
	return o;
}

/* Stores the command topic, if paths may share one. */
static void put_channel(struct life_case *c, struct store_request *r)
{
	struct ztp_path path;

	if (!c->b.channels)
		return;
	life_ok(c, ztp_path_parse(&path, r->path, strlen(r->path), &c->error));
	ztp_topic_render(r->channel, c->config.mqtt.command_topic, &path);
}

int64_t life_put(struct life_case *c, const char *path, int cert,
		 enum ztp_state state, enum ztp_owed what)
{
	struct store_request r = {
		.state = state,
		.attempt = 1,
		.received_at = LIFE_NOW - LIFE_MIN,
		.expires_at = LIFE_NOW + LIFE_MIN,
		.announced_at = LIFE_NOW - LIFE_MIN,
		.owed = owed(state, what),
	};

	snprintf(r.id, sizeof(r.id), "%s", life_id(c, life_newest(c) + 1));
	snprintf(r.path, sizeof(r.path), "%s", path);
	snprintf(r.traceparent, sizeof(r.traceparent), LIFE_TRACE);
	memset(r.fingerprint, cert, sizeof(r.fingerprint));
	memset(r.identity, cert, sizeof(r.identity));
	put_channel(c, &r);
	if (ztp_state_finished(state))
		r.finished_at = LIFE_NOW - LIFE_MIN;
	if (state == ZTP_STATE_DELIVERED || state == ZTP_STATE_ONBOARDED)
		r.delivered_at = LIFE_NOW - LIFE_MIN;
	life_ok(c, store_request_add(c->b.store, &r, &c->error));
	if (is_decided(state))
		put_decision(c, &r);
	return r.n;
}

struct store_request life_row(struct life_case *c, int64_t n)
{
	struct store_request r;

	assert_int_equal(store_request_by_n(c->b.store, n, &r, &c->error), 1);
	return r;
}

int life_decision(struct life_case *c, int64_t n, bool payload,
		  struct store_decision *d)
{
	struct store_request r = life_row(c, n);

	return store_decision_get(c->b.store, &r, payload, d, &c->error);
}

void life_save(struct life_case *c, struct store_request *r)
{
	life_ok(c, store_request_save(c->b.store, r, &c->error));
}

struct control_answer *life_answer(struct life_case *c, int64_t n,
				   enum registrar_question question,
				   const char *code)
{
	struct registrar *g = &c->registrar;
	struct control_answer *said = &g->words[g->answer_count];

	memset(said, 0, sizeof(*said));
	snprintf(said->code, sizeof(said->code), "%s", code);
	g->answers[g->answer_count++] =
		(struct registrar_answer){n, question, said, false};
	return said;
}

struct control_answer *life_found(struct life_case *c, int64_t n,
				  enum registrar_question question,
				  const char *state)
{
	struct control_answer *said = life_answer(c, n, question, "OK");
	struct store_request r = life_row(c, n);

	snprintf(said->state, sizeof(said->state), "%s", state);
	snprintf(said->request_id, sizeof(said->request_id), "%s", r.id);
	memcpy(said->fingerprint, r.fingerprint, ZTP_SHA256_LEN);
	said->has_fingerprint = said->live = true;
	return said;
}

const char *life_id(struct life_case *c, int64_t n)
{
	snprintf(c->id, sizeof(c->id), "r-%d", (int)n);
	return c->id;
}

int64_t life_newest(struct life_case *c)
{
	return store_list_before(c->b.store, INT64_MAX, false);
}

/* --- decisions */

struct consumer_record life_next(struct life_case *c, const char *json)
{
	return (struct consumer_record){
		.position = {DECISIONS, 0, c->offset++},
		.value = {json, strlen(json)},
	};
}

int life_decide(struct life_case *c, const struct consumer_record *record)
{
	return decisions_apply(&c->b, record, &c->error);
}

static void decide(struct life_case *c, int64_t n, const char *verdict)
{
	struct store_request r = life_row(c, n);
	struct consumer_record record;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"request_id\":\"%s\",\"device_path\":\"%s\","
		 "\"decision\":\"%s\"}",
		 r.id, r.path, verdict);
	record = life_next(c, text);
	life_ok(c, life_decide(c, &record));
}

void life_approve(struct life_case *c, int64_t n)
{
	decide(c, n, "approve");
}

void life_reject(struct life_case *c, int64_t n)
{
	decide(c, n, "reject");
}

void life_due(struct life_case *c)
{
	life_ok(c, decisions_time_out(&c->b, 256, &c->waiting, &c->more,
				      &c->error));
}

/* --- commands */

void life_up(struct life_case *c, int window)
{
	struct mqtt_out_user *user = c->mqtt.user;

	c->mqtt.connected = true;
	user->up(user->arg, window);
}

void life_down(struct life_case *c)
{
	struct mqtt_out_user *user = c->mqtt.user;

	c->mqtt.connected = false;
	user->down(user->arg);
}

void life_pump(struct life_case *c)
{
	life_commit(c);
	commands_pump(c->b.commands);
}

bool life_puback(struct life_case *c, int i, int reason_code)
{
	struct mqtt_out_user *user = c->mqtt.user;

	assert_true(i < c->mqtt.count);
	return user->puback(user->arg, c->mqtt.said[i].mid, reason_code);
}

void life_turn(struct life_case *c)
{
	life_ok(c, commands_apply(c->b.commands, &c->error));
	life_commit(c);
	commands_settle(c->b.commands);
}
