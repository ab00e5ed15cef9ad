/*
 * Messages of many commands: the question about every device that a command
 * waits for, and the acknowledgements of events. No device's data may be in the
 * way of another's, so each message has a bound, and so has its answer: the
 * gate gives back a device's metadata (at most 16 KiB, ZTP_CONTROL_METADATA_MAX)
 * with everything else that it knows of the device, and REGISTRAR_PAGE times
 * that is less than we read.
 *
 * Should an answer be too large all the same, the question is split: asked
 * again in halves, one message at a time, until the device is found whose
 * answer alone is too large. That one is left out; the gate reports it when it
 * subscribes. Likewise, messages get shorter when they do not fit the broker,
 * which on MQTT 3.1.1 shows in nothing but a lost connection.
 */
#include "bridge/core/batching.h"
#include "bridge/registrar/registrar_internal.h"

#include <string.h>

#include "base/random.h"
#include "ztp/gate_protocol.h"

#define BYTES_MAX 8192
/* One question may be larger, and is sent all the same. */
#define BYTES_MIN 1024

/* Of questions without an answer. One that never gets one costs the others no
 * more than another walk every 30 s. */
static const struct ztp_retry_pace pace = {
	.first_ms = 250,
	.max_ms = 30000,
};

void registrar_bounds(struct registrar *g, int64_t max_commands,
		      int64_t max_bytes)
{
	g->page_max = max_commands < REGISTRAR_PAGE ? (int)max_commands
						    : REGISTRAR_PAGE;
	if (g->page_max < 1) /* an older gate */
		g->page_max = 1;
	g->bytes_max = BYTES_MAX;
	if (max_bytes >= BYTES_MIN && max_bytes < BYTES_MAX)
		g->bytes_max = (size_t)max_bytes;
	/* What an earlier connection has taught us still holds. */
	if (!g->one_at_a_time)
		g->page = g->page_max;
	if (g->bytes == 0 || g->bytes > g->bytes_max)
		g->bytes = g->bytes_max;
}

void registrar_shorten(struct registrar *g)
{
	if (g->bytes / 2 >= BYTES_MIN)
		g->bytes /= 2;
	g->asked = false;
}

/* --- acknowledgements */

void registrar_send_acks(struct registrar *g)
{
	struct control_message m;
	char correlation[CONTROL_CORRELATION];
	size_t n = 0, bytes = REGISTRAR_OVERHEAD;

	while (n < g->acks.count && n < ZTP_CONTROL_ACKS_MAX &&
	       (n == 0 || bytes < g->bytes))
		bytes += strlen(g->acks.ids[n++]) + sizeof("\"\",") - 1;
	control_begin(&m);
	registrar_correlate(correlation, g, "ack", "");
	control_ack(&m, correlation,
		    (const char(*)[ZTP_REQUEST_ID_MAX + 1]) g->acks.ids, n);
	if (!control_send(&m, g->mqtt_out)) {
		if (m.too_large)
			registrar_shorten(g);
		else
			g->acks_by = g->core->now + BATCHING_ACK_MS;
		return;
	}
	g->acks.count -= n;
	memmove(g->acks.ids, g->acks.ids + n,
		g->acks.count * sizeof(g->acks.ids[0]));
}

/* --- questions */

void registrar_ask(struct registrar *g, int64_t n)
{
	if (!g->asking || n - 1 < g->ask_after)
		g->ask_after = n > 0 ? n - 1 : 0;
	g->asking = true;
}

void registrar_ask_later(struct registrar *g, int64_t n)
{
	if (g->later_n == 0 || n < g->later_n)
		g->later_n = n;
}

void registrar_ask_all(struct registrar *g)
{
	g->later_n = 0;
	g->later_planned = false;
	ztp_retry_succeeded(&g->later);
	registrar_ask(g, 0);
}

static bool is_asked(const struct op *op)
{
	return op->n != 0 && !op->done && op->kind == REGISTRAR_ASK_DEVICE;
}

static int count_asked(const struct registrar *g)
{
	int i, n = 0;

	for (i = 0; i < REGISTRAR_WINDOW; i++)
		n += is_asked(&g->ops[i]);
	return n;
}

/* The pause begins when everything that was to be asked has been, so that who has
 * no answer does not keep those behind it from theirs. */
static bool has_asked(const struct registrar *g)
{
	return !g->asking && count_asked(g) == 0;
}

void registrar_ask_settle(struct registrar *g)
{
	uint32_t random;

	if (!has_asked(g) || g->later_planned)
		return;
	if (g->later_n == 0) {
		ztp_retry_succeeded(&g->later);
		return;
	}
	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&g->later, &pace, g->core->now, random);
	g->later_planned = true;
	log_warn(g->core->log, "gate_has_no_answer",
		 LOG_INT("tries", g->later.tries),
		 LOG_INT("again_in_ms", g->later.at - g->core->now));
}

int64_t registrar_ask_next(const struct registrar *g)
{
	return g->later_planned && has_asked(g) ? g->later.at : 0;
}

/* Everything from that row on is asked again: there is no list of those without
 * an answer, which could be all. */
static void ask_due(struct registrar *g)
{
	int64_t next = registrar_ask_next(g);

	if (next == 0 || next > g->core->now)
		return;
	registrar_ask(g, g->later_n);
	g->later_n = 0;
	g->later_planned = false;
}

static void ask_again(struct registrar *g)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (!is_asked(op))
			continue;
		registrar_ask(g, op->n);
		registrar_free_op(g, op);
	}
}

static void leave_out(struct registrar *g)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (!is_asked(op))
			continue;
		log_warn(g->core->log, "gate_answer_left_out",
			 LOG_STR("correlation", op->correlation));
		registrar_free_op(g, op);
	}
}

void registrar_split(struct registrar *g)
{
	g->asked = false;
	if (g->one_at_a_time && g->page == 1) {
		leave_out(g);
		return;
	}
	g->one_at_a_time = true;
	g->page = g->page > 1 ? g->page / 2 : 1;
	ask_again(g);
}

struct asking {
	struct registrar *g;
	struct control_message m;
	int count;
	size_t bytes;
};

static int ask_about(void *arg, struct store_request *r)
{
	struct asking *a = arg;
	struct op *op;

	a->bytes += REGISTRAR_OVERHEAD + strlen(r->path) + strlen(r->id);
	if (a->count > 0 && a->bytes > a->g->bytes)
		return 1;
	op = registrar_new_op(a->g, r->n, REGISTRAR_ASK_DEVICE, r->id);
	if (!op)
		return 1;
	control_get(&a->m, op->correlation, r);
	a->g->ask_after = r->n;
	a->count++;
	return 0;
}

/* The message that is too large by itself is left out as well. */
static void on_too_large(struct registrar *g, int count)
{
	if (count == 1) {
		leave_out(g);
		return;
	}
	registrar_shorten(g);
	registrar_split(g);
}

/* The last message was answered: goes back to larger ones step by step. */
static void grow(struct registrar *g)
{
	if (g->page == g->page_max)
		g->one_at_a_time = false;
	g->page = 2 * g->page < g->page_max ? 2 * g->page : g->page_max;
	g->bytes = 2 * g->bytes < g->bytes_max ? 2 * g->bytes : g->bytes_max;
}

/* A question that could not be sent is asked again once its answer is
 * overdue. */
void registrar_ask_waiting(struct registrar *g)
{
	struct asking a = {.g = g};
	int rc, unanswered = count_asked(g);
	struct ztp_error error;

	ask_due(g);
	if (!g->asking)
		return;
	if (g->busy + g->page >= REGISTRAR_WINDOW ||
	    (g->one_at_a_time && unanswered > 0))
		return;
	if (g->asked && unanswered == 0)
		grow(g);
	control_begin(&a.m);
	rc = store_waiting_each(g->store, g->ask_after, g->page, ask_about, &a,
				&error);
	if (rc == 0 && a.count < g->page)
		g->asking = false;
	if (a.count == 0)
		a.m.failed = true;
	g->asked = a.count > 0;
	if (!control_send(&a.m, g->mqtt_out) && a.m.too_large)
		on_too_large(g, a.count);
}
