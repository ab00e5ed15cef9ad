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
#include "bridge/core/batching.h"
#include "bridge/registrar/registrar_internal.h"

#include "ztp/gate_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MS	 30000 /* between two getInfo commands */
#define TELL_MS	 30000 /* between two lines about what is not written */
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
		registrar_name(g);
		g->subscribed = calloc(REGISTRAR_SUBSCRIBED_MAX,
				       sizeof(*g->subscribed));
		g->staged.ids = calloc(ACKS_MAX, sizeof(*g->staged.ids));
		g->acks.ids = calloc(ACKS_MAX, sizeof(*g->acks.ids));
	}
	if (!g || !g->subscribed || !g->staged.ids || !g->acks.ids ||
	    registrar_topics_new(g) != 0) {
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
	control_end(&g->batch.message);
	free(g->told);
	free(g->subscribed);
	free(g->staged.ids);
	free(g->acks.ids);
	free(g);
}

/* --- the connection */

void registrar_connected(struct registrar *g)
{
	int rc = registrar_topics_subscribe(g);

	if (rc != MOSQ_ERR_SUCCESS)
		log_warn(g->core->log, "gate_subscribe_failed",
			 LOG_STR("error", mosquitto_strerror(rc)));
	g->connected = true;
	g->informed = g->denied = false;
	g->next_info = g->hold_until = g->core->now;
	g->info_by = 0;
	g->absent = true;
	registrar_ask_all(g);
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

void registrar_log_denied(const struct registrar *g, int reason_code)
{
	log_error(g->core->log, "gate_denied",
		  LOG_INT("reason_code", reason_code),
		  LOG_STR("hint", "is the bridge's username among "
				  "plugin_opt_operators?"));
}

void registrar_hold(struct registrar *g)
{
	g->denied = true;
	g->hold_until = g->next_info = g->core->now + REGISTRAR_DENIED_MS;
}

void registrar_denied(struct registrar *g, int reason_code)
{
	if (!g->denied)
		registrar_log_denied(g, reason_code);
	registrar_hold(g);
}

bool registrar_ready(const struct registrar *g)
{
	return g->connected && g->informed && g->agrees && !g->denied;
}

/* --- what the gate writes */

const char *registrar_writes_problem(const struct registrar *g)
{
	return gate_writes_stand(&g->writes, g->core->now) ? g->writes.why
							   : NULL;
}

void registrar_written(struct registrar *g)
{
	gate_writes_taken(&g->writes);
	if (g->writes_told)
		log_info(g->core->log, "gate_writes_again");
	g->writes_told = false;
}

static void tell_not_written(struct registrar *g, const struct store_request *r,
			     const char *why)
{
	uint64_t suppressed;

	if (log_every(&g->not_written, TELL_MS, g->core->now + 1, &suppressed))
		log_warn(g->core->log, "gate_not_written",
			 LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path), LOG_STR("error", why),
			 LOG_UINT("suppressed", suppressed));
	if (g->writes_told || !registrar_writes_problem(g))
		return;
	g->writes_told = true;
	log_error(g->core->log, "gate_writes_nothing", LOG_STR("error", why),
		  LOG_STR("hint", "no device can be registered: is the disk of "
				  "the broker's machine full? Its log says "
				  "more"));
}

void registrar_not_written(struct registrar *g, const struct store_request *r,
			   const char *why)
{
	gate_writes_refused(&g->writes, g->core->now, r->path, why);
	tell_not_written(g, r, why);
}

bool registrar_has_audits(const struct registrar *g)
{
	return g && g->informed && g->audits;
}

int64_t registrar_oldest_unacked(const struct registrar *g)
{
	return g ? g->oldest_unacked_s : 0;
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
	registrar_ask_settle(g);
	g->subscribed_count = 0;
	g->absent = false;
	if (g->acks.count == 0)
		g->acks_by = g->core->now + BATCHING_ACK_MS;
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

bool registrar_is_for(enum ztp_owed what)
{
	return what == ZTP_OWED_REGISTER || what == ZTP_OWED_RELEASE ||
	       what == ZTP_OWED_NOTICE_CHECK;
}

bool registrar_takes(const struct registrar *g, enum ztp_owed what)
{
	return g && registrar_is_for(what);
}

bool registrar_busy(const struct registrar *g, int64_t n)
{
	return row_set_has(&g->commanded, n);
}

bool registrar_has_room(const struct registrar *g)
{
	return registrar_ready(g) && g->core->now >= g->hold_until &&
	       g->busy < REGISTRAR_WINDOW;
}

int registrar_in_flight(const struct registrar *g)
{
	return g ? g->busy : 0;
}

int registrar_short_wait(const struct registrar *g)
{
	return g ? latency_short_wait(&g->latency, g->core->now)
		 : BATCHING_SHORT_WAIT_MS;
}

static bool has_acks(const struct registrar *g)
{
	return g->acks.count > 0 && g->informed;
}

static void send_info(struct registrar *g)
{
	struct control_message m;
	char correlation[CONTROL_CORRELATION];

	registrar_correlate(correlation, g, "info", "");
	control_begin(&m);
	control_info(&m, correlation, g->core->config);
	if (control_send(&m, g->mqtt_out) && g->info_by == 0)
		g->info_by = g->core->now + REGISTRAR_ANSWER_MS;
	g->next_info =
		g->core->now + (g->informed ? INFO_MS : REGISTRAR_ANSWER_MS);
}

void registrar_pump(struct registrar *g)
{
	if (!g->connected || g->core->now < g->hold_until)
		return;
	if (g->core->now >= g->next_info)
		send_info(g);
	if (has_acks(g) && (g->core->now >= g->acks_by || g->core->stopping))
		registrar_send_acks(g);
	if (registrar_ready(g))
		registrar_ask_waiting(g);
}

int64_t registrar_next(const struct registrar *g)
{
	int64_t next = 0, again = registrar_ask_next(g);
	int i;

	if (g->connected)
		next = g->hold_until > g->core->now ? g->hold_until
						    : g->next_info;
	if (next != 0 && has_acks(g) && g->acks_by < next &&
	    g->core->now >= g->hold_until)
		next = g->acks_by;
	if (registrar_ready(g) && again != 0 && (next == 0 || again < next) &&
	    g->core->now >= g->hold_until)
		next = again;
	if (g->informed && g->info_by != 0 && (next == 0 || g->info_by < next))
		next = g->info_by;
	for (i = 0; i < REGISTRAR_WINDOW && g->busy > 0; i++)
		if (g->ops[i].n != 0 && (next == 0 || g->ops[i].by < next))
			next = g->ops[i].by;
	return next;
}
