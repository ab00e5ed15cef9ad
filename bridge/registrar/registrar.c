/*
 * Three things may be lost at any moment: a command to the gate, its answer,
 * and what the gate reports unasked (ztp/v1/subscribed has QoS 0). So:
 *
 * - What must be asked stays in the store (owed) until the answer has been
 *   applied. An op only prevents asking twice at a time.
 * - Knowledge about which devices are connected is valid only as long as the
 *   connection on which it was received. A new connection discards it
 *   (absent), and the gate is asked about every device that something is owed
 *   to. A device that subscribes meanwhile is not missed: the bridge
 *   subscribes to ztp/v1/subscribed before it asks the first question.
 * - Nothing is created at the gate, and nothing is sent to a device, until the
 *   gate has answered getInfo on this connection and its command topic agrees.
 *   The gate does not stop anyone from reading a different topic.
 *
 * When the gate refuses us (PUBACK 0x87 or PERMISSION_DENIED), everything
 * waits until hold_until. Then getInfo finds out whether it still does.
 */
#include "bridge/registrar/registrar_internal.h"

#include "ztp/gate_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MS	 30000 /* between two getInfo commands */
#define ACKS_MAX 4096  /* kept until sent; the gate offers the rest again */

int registrar_new(struct registrar **out, struct core *core,
		  struct store *store, struct mqtt_out *mqtt_out,
		  struct ztp_error *error)
{
	struct registrar *g = calloc(1, sizeof(*g));

	if (g) {
		registrar_bounds(g, 0, 0);
		g->core = core;
		g->store = store;
		g->mqtt_out = mqtt_out;
		g->subscribed = calloc(REGISTRAR_SUBSCRIBED_MAX,
				       sizeof(*g->subscribed));
		g->staged.ids = calloc(ACKS_MAX, sizeof(*g->staged.ids));
		g->acks.ids = calloc(ACKS_MAX, sizeof(*g->acks.ids));
	}
	if (!g || !g->subscribed || !g->staged.ids || !g->acks.ids) {
		registrar_free(g);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	*out = g;
	return 0;
}

void registrar_free(struct registrar *g)
{
	if (!g)
		return;
	free(g->subscribed);
	free(g->staged.ids);
	free(g->acks.ids);
	free(g);
}

/* --- the connection */

void registrar_connected(struct registrar *g)
{
	struct mqtt_out *mqtt_out = g->mqtt_out;
	int rc = mqtt_out_subscribe(mqtt_out, ZTP_MQTT_RESPONSE, 1, true);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mqtt_out_subscribe(mqtt_out, ZTP_MQTT_SUBSCRIBED, 0, true);
	if (rc != MOSQ_ERR_SUCCESS)
		log_warn(g->core->log, "gate_subscribe_failed",
			 LOG_STR("error", mosquitto_strerror(rc)));
	g->connected = true;
	g->informed = g->denied = false;
	g->next_info = g->hold_until = g->core->now;
	g->absent = true;
	registrar_ask(g, 0);
}

void registrar_disconnected(struct registrar *g)
{
	int i;

	g->connected = g->informed = false;
	registrar_shorten(g);
	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n == 0 || op->done)
			continue;
		if (op->kind == REGISTRAR_ASK_DEVICE)
			registrar_free_op(g, op);
		else
			op->done = op->lost = true;
	}
}

void registrar_denied(struct registrar *g, int reason_code)
{
	if (!g->denied)
		log_error(g->core->log, "gate_denied",
			  LOG_INT("reason_code", reason_code),
			  LOG_STR("hint", "is the bridge's username among "
					  "plugin_opt_operators?"));
	g->denied = true;
	g->hold_until = g->next_info = g->core->now + REGISTRAR_DENIED_MS;
}

bool registrar_ready(const struct registrar *g)
{
	return g->connected && g->informed && g->agrees && !g->denied;
}

/* --- settling */

void registrar_settle(struct registrar *g)
{
	size_t k;
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n == 0 || !op->done)
			continue;
		if (control_is(&op->answer, ZTP_CODE_PERMISSION_DENIED))
			registrar_denied(g, 0);
		registrar_free_op(g, op);
	}
	g->subscribed_count = 0;
	g->absent = false;
	for (k = 0; k < g->staged.count && g->acks.count < ACKS_MAX; k++)
		memcpy(g->acks.ids[g->acks.count++], g->staged.ids[k],
		       sizeof(g->staged.ids[k]));
	g->staged.count = 0;
}

void registrar_rollback(struct registrar *g)
{
	g->staged.count = 0;
}

void registrar_disposed(struct registrar *g, const char *id)
{
	if (g->staged.count < ACKS_MAX)
		snprintf(g->staged.ids[g->staged.count++],
			 sizeof(g->staged.ids[0]), "%s", id);
}

/* --- commands */

bool registrar_takes(const struct registrar *g, const struct store_request *r)
{
	if (!g)
		return false;
	return r->owed.what == ZTP_OWED_REGISTER ||
	       r->owed.what == ZTP_OWED_RELEASE ||
	       r->owed.what == ZTP_OWED_NOTICE_CHECK;
}

bool registrar_busy(const struct registrar *g, int64_t n)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW && g->busy > 0; i++)
		if (g->ops[i].n == n && g->ops[i].kind != REGISTRAR_ASK_DEVICE)
			return true;
	return false;
}

int registrar_in_flight(const struct registrar *g)
{
	return g ? g->busy : 0;
}

/* How long the gate must keep the device away, or -1. After a rejection the
 * time runs from the decision; in other cases the gate decides. */
static int64_t retry_after(const struct registrar *g,
			   const struct store_request *r)
{
	int64_t left = r->finished_at - g->core->now +
		       g->core->config->onboarding.reject_cooldown_ms;

	if (r->state != ZTP_STATE_REJECTED)
		return -1;
	return left > 0 ? left : 0;
}

static int owes_notice(void *arg, struct store_request *r)
{
	bool *owed = arg;

	if (r->owed.what == ZTP_OWED_NOTICE_CHECK ||
	    r->owed.what == ZTP_OWED_NOTICE_SEND)
		*owed = true;
	return 0;
}

/* createDevice ends all other sessions of the path, so the devices that lost
 * are told first. That takes moments, and delivery_due limits it. */
static bool must_wait(struct registrar *g, const struct store_request *r)
{
	struct ztp_error error;
	bool owed = false;
	int rc = store_path_each(g->store, r->path, owes_notice, &owed, &error);

	return rc < 0 || owed;
}

static void add_create(struct registrar *g, struct control_message *m,
		       const struct op *op, const struct store_request *r)
{
	struct store_decision d;
	struct ztp_error error;

	if (store_decision_get(g->store, r, true, &d, &error) < 0)
		m->failed = true;
	control_create(m, op->correlation, r, d.metadata);
	store_decision_clear(&d);
}

static struct op *add_op(struct registrar *g, struct control_message *m,
			 const struct store_request *r)
{
	struct op *op;

	switch (r->owed.what) {
	case ZTP_OWED_REGISTER:
		op = registrar_new_op(g, r->n, REGISTRAR_CREATE, "create",
				      r->id);
		if (op)
			add_create(g, m, op, r);
		return op;
	case ZTP_OWED_RELEASE:
		op = registrar_new_op(g, r->n, REGISTRAR_REJECT, "reject",
				      r->id);
		if (op)
			control_reject(m, op->correlation, r,
				       retry_after(g, r));
		return op;
	default:
		op = registrar_new_op(g, r->n, REGISTRAR_ASK_HELD, "held",
				      r->id);
		if (op)
			control_get(m, op->correlation, r);
		return op;
	}
}

/* It will never be sent, so the answer is ours. */
static void answer_too_large(struct op *op)
{
	struct control_answer *said = &op->answer;

	snprintf(said->code, sizeof(said->code), ZTP_CODE_RESOURCE_EXHAUSTED);
	snprintf(said->message, sizeof(said->message),
		 "the command exceeds the broker's Maximum Packet Size");
	op->done = true;
}

bool registrar_send(struct registrar *g, const struct store_request *r)
{
	struct control_message m;
	struct op *op;
	bool sent;

	if (!registrar_ready(g) || g->core->now < g->hold_until ||
	    g->busy == REGISTRAR_WINDOW ||
	    (r->owed.what == ZTP_OWED_REGISTER && must_wait(g, r)))
		return false;
	control_begin(&m);
	op = add_op(g, &m, r);
	sent = control_send(&m, g->mqtt_out);
	if (sent || !op)
		return sent;
	if (m.too_large)
		answer_too_large(op);
	else
		registrar_free_op(g, op);
	return m.too_large;
}

static void send_info(struct registrar *g)
{
	struct control_message m;

	control_begin(&m);
	control_info(&m);
	control_send(&m, g->mqtt_out);
	g->next_info =
		g->core->now + (g->informed ? INFO_MS : REGISTRAR_ANSWER_MS);
}

void registrar_pump(struct registrar *g)
{
	if (!g->connected || g->core->now < g->hold_until)
		return;
	if (g->core->now >= g->next_info)
		send_info(g);
	if (g->acks.count > 0 && g->informed)
		registrar_send_acks(g);
	if (g->asking && registrar_ready(g))
		registrar_ask_waiting(g);
}

int64_t registrar_next(const struct registrar *g)
{
	int64_t next = 0;
	int i;

	if (g->connected)
		next = g->hold_until > g->core->now ? g->hold_until
						    : g->next_info;
	for (i = 0; i < REGISTRAR_WINDOW && g->busy > 0; i++)
		if (g->ops[i].n != 0 && (next == 0 || g->ops[i].by < next))
			next = g->ops[i].by;
	return next;
}
