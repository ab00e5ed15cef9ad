/*
 * Commands about single devices. Those of one pump share messages: a message
 * costs the bridge, the broker and the gate more than the command in it. None
 * waits for others, since a message is sent at the end of the pump that began
 * it, and no message is larger than those of registrar_ask.c.
 *
 * One command may be the reason why a message cannot be sent or ends the
 * connection. Too large a message is sent again in halves, until the command
 * is found that is too large by itself. If the connection is lost, every
 * command of the message has used up a try, and suspects go alone
 * (bridge/life/suspects.h).
 */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/json_tree.h"
#include "ztp/code.h"
#include "ztp/member.h"

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

/* The store cannot be read now: it is still owed. */
static void log_unreadable(const struct registrar *g,
			   const struct ztp_error *error)
{
	log_error(g->core->log, "command_failed", LOG_WHY(error));
}

/* createDevice ends all other sessions of the path, so the devices that lost
 * are told first. That takes moments, and delivery_due limits it. */
static bool must_wait(struct registrar *g, const struct store_request *r)
{
	struct ztp_error error;
	bool owed = false;

	if (store_path_each(g->store, r->path, owes_notice, &owed, &error) <
	    0) {
		log_unreadable(g, &error);
		return true;
	}
	return owed;
}

static enum registrar_question question_of(const struct store_request *r)
{
	switch (r->owed.what) {
	case ZTP_OWED_REGISTER:
		return ztp_obligation_hopeless(&r->owed) ? REGISTRAR_ASK_MADE
							 : REGISTRAR_CREATE;
	case ZTP_OWED_RELEASE:
		return REGISTRAR_REJECT;
	default:
		return REGISTRAR_ASK_HELD;
	}
}

static void write_command(struct registrar *g, const struct op *op,
			  const struct store_request *r, const char *metadata)
{
	struct control_message *m = &g->batch.message;

	switch (op->kind) {
	case REGISTRAR_CREATE:
		control_create(m, op->correlation, r, metadata);
		break;
	case REGISTRAR_REJECT:
		control_reject(m, op->correlation, r, retry_after(g, r));
		break;
	default:
		control_get(m, op->correlation, r);
		break;
	}
}

/* Makes room in the message, which is sent first if it is full. */
static void begin(struct registrar *g, size_t bytes)
{
	if (g->batch.count > 0 && (g->batch.count >= g->page_max ||
				   g->batch.bytes + bytes > g->bytes))
		(void)registrar_flush(g);
	if (g->batch.count == 0)
		control_begin(&g->batch.message);
	g->batch.count++;
	g->batch.bytes += bytes;
}

bool registrar_send(struct registrar *g, const struct store_request *r)
{
	bool creates = question_of(r) == REGISTRAR_CREATE;
	size_t bytes = REGISTRAR_OVERHEAD + strlen(r->path) + 2 * strlen(r->id);
	struct store_decision d = {0};
	struct ztp_error error;
	struct op *op;

	if (!registrar_has_room(g) || (creates && must_wait(g, r)))
		return false;
	if (creates && store_decision_get(g->store, r, true, &d, &error) < 0) {
		log_unreadable(g, &error);
		return false;
	}
	op = registrar_new_op(g, r->n, question_of(r), r->id);
	if (op) {
		begin(g, bytes + (d.metadata ? strlen(d.metadata) : 0));
		write_command(g, op, r, d.metadata);
	}
	store_decision_clear(&d);
	return op != NULL;
}

/* --- the message */

static struct op *op_of(struct registrar *g, const cJSON *command)
{
	const char *correlation = ztp_tree_text(command, ZTP_M_CORRELATION);
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++)
		if (g->ops[i].n != 0 &&
		    strcmp(g->ops[i].correlation, correlation) == 0)
			return &g->ops[i];
	return NULL;
}

/* It will never be sent, so the answer is ours, and the next turn has it. */
static void answer_too_large(struct registrar *g, struct op *op)
{
	struct control_answer *said = &op->answer;

	snprintf(said->code, sizeof(said->code), ZTP_CODE_RESOURCE_EXHAUSTED);
	snprintf(said->message, sizeof(said->message),
		 "the command exceeds the broker's Maximum Packet Size");
	op->done = true;
	op->by = g->core->now;
}

/* What could not be sent now is still owed. */
static void not_sent(struct registrar *g, const struct control_message *m)
{
	const cJSON *command;
	struct op *op;

	cJSON_ArrayForEach (command, m->list) {
		op = op_of(g, command);
		if (!op)
			continue;
		if (m->too_large)
			answer_too_large(g, op);
		else
			registrar_free_op(g, op);
	}
}

/* Sends one part after the other: a part that is too large is halved, and what
 * is cut off waits in `parts` for its turn. */
static bool send_parts(struct registrar *g, struct control_message *first)
{
	struct control_message parts[REGISTRAR_HALVES];
	int count = 1;
	bool sent = true;

	parts[0] = *first;
	while (count > 0) {
		struct control_message *m = &parts[count - 1];

		if (control_publish(m, g->mqtt_out)) {
			control_end(m);
			count--;
		} else if (m->too_large && cJSON_GetArraySize(m->list) > 1 &&
			   count < REGISTRAR_HALVES) {
			parts[count] = *m;
			control_halve(&parts[count++], m);
		} else {
			not_sent(g, m);
			sent = sent && m->too_large;
			control_end(m);
			count--;
		}
	}
	return sent;
}

bool registrar_flush(struct registrar *g)
{
	struct control_message m = g->batch.message;

	if (g->batch.count == 0)
		return true;
	g->batch = (struct registrar_batch){0};
	return send_parts(g, &m);
}
