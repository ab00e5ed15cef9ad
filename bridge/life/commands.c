#include "bridge/life/commands.h"

#include <stdlib.h>

#include "base/random.h"
#include "bridge/life/commands_internal.h"
#include "bridge/life/delivery.h"
#include "bridge/life/giving_up.h"

/* --- callbacks of the connection */

static void on_up(void *arg, int window)
{
	struct commands *c = arg;

	c->window = window;
	suspects_up(&c->suspects, c->b->core.now);
	answers_up(c->answers);
}

/* One of the unacknowledged commands may have closed the connection. */
static void on_down(void *arg)
{
	struct commands *c = arg;
	uint32_t random;
	int i;

	for (i = 0; i < COMMANDS_WINDOW_MAX; i++)
		if (c->slots[i].n != 0 && c->slots[i].result == RESULT_NONE)
			c->slots[i].result = RESULT_LOST;
	c->waiting = 0;
	proving_down(&c->proving, c->b);
	ztp_random(&random, sizeof(random));
	suspects_down(&c->suspects, c->b->core.now, random);
}

static bool on_puback(void *arg, int mid, int rc)
{
	struct commands *c = arg;
	int i;

	if (proving_puback(&c->proving, mid, c->b->core.now)) {
		suspects_answered(&c->suspects, c->b->core.now);
		return true;
	}
	for (i = 0; i < COMMANDS_WINDOW_MAX; i++) {
		struct command_slot *slot = &c->slots[i];

		if (slot->n == 0 || slot->result != RESULT_NONE ||
		    slot->mid != mid)
			continue;
		slot->result = RESULT_PUBACK;
		slot->reason_code = rc;
		c->waiting--;
		proving_answered(&c->proving, c->b->core.now);
		if (slot->n == c->suspects.n)
			suspects_answered(&c->suspects, c->b->core.now);
		return true;
	}
	return false;
}

static bool on_message(void *arg, const char *topic, const char *payload,
		       size_t len)
{
	struct commands *c = arg;

	return answers_message(c->answers, topic, payload, len);
}

int commands_new(struct commands **out, struct bridge *b,
		 struct ztp_error *error)
{
	struct commands *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = answers_new(&c->answers, b, error);
	if (rc != 0) {
		free(c);
		return rc;
	}
	c->b = b;
	c->user = (struct mqtt_out_user){.up = on_up,
					 .down = on_down,
					 .puback = on_puback,
					 .message = on_message,
					 .arg = c};
	mqtt_out_join(b->mqtt_out, &c->user);
	*out = c;
	return 0;
}

void commands_free(struct commands *c)
{
	if (c)
		answers_free(c->answers);
	free(c);
}

bool commands_busy(const struct commands *c, int64_t n)
{
	return row_set_has(&c->rows, n);
}

int commands_in_flight(const struct commands *c)
{
	return c->busy;
}

bool commands_have_room(const struct commands *c)
{
	return c->waiting < c->window;
}

/* --- the turn */

static int apply_result(struct bridge *b, const struct command_slot *slot,
			struct ztp_error *error)
{
	switch (slot->result) {
	case RESULT_PUBACK:
		return delivery_done(b, slot->n,
				     delivery_fate_of(slot->reason_code),
				     slot->reason_code, error);
	case RESULT_LOST:
		return giving_up_lost(b, slot->n, slot->size, slot->proven,
				      error);
	case RESULT_IMPOSSIBLE:
		return giving_up_impossible(b, slot->n, slot->why.message,
					    error);
	case RESULT_ERASED:
		return delivery_done(b, slot->n, DELIVERY_ERASED, -1, error);
	case RESULT_NO_GATE:
		return delivery_no_gate(b, slot->n, error);
	case RESULT_NONE:
		break;
	}
	return 0;
}

static bool has_sent(void *commands, int64_t n)
{
	return commands_busy(commands, n);
}

int commands_apply(struct commands *c, struct ztp_error *error)
{
	const struct contacts_sender sender = {has_sent, c};
	int i, rc = answers_apply(c->answers, &sender, error);

	if (c->busy == c->waiting)
		return rc;
	for (i = 0; i < COMMANDS_WINDOW_MAX && rc == 0; i++)
		if (c->slots[i].n != 0)
			rc = apply_result(c->b, &c->slots[i], error);
	return rc;
}

void commands_settle(struct commands *c)
{
	int i;

	answers_settle(c->answers);
	if (c->busy == c->waiting)
		return;
	for (i = 0; i < COMMANDS_WINDOW_MAX; i++) {
		if (c->slots[i].n == 0 || c->slots[i].result == RESULT_NONE)
			continue;
		row_set_remove(&c->rows, c->slots[i].n);
		c->slots[i].n = 0;
		c->busy--;
	}
}
