/* Both MQTT connections, the registrar and the commands as parts of the loop. */
#include <stdatomic.h>
#include <stdlib.h>

#include "bridge/core/batching.h"
#include "bridge/life/commands.h"
#include "bridge/life/gate_answers.h"
#include "bridge/life/pending.h"
#include "bridge/life/told_bound.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/filters.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/broker_probe.h"
#include "bridge/registrar/registrar.h"

/* --- the connection for commands and for the gate */

STEP(mqtt_out, turn)
NEXT(mqtt_out)

static int mqtt_out_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int rc = mqtt_out_new(&b->mqtt_out, &b->core, error);

	if (rc == 0)
		rc = broker_probe_new(&b->broker_probe, &b->core, b->mqtt_out,
				      error);
	return rc;
}

static void mqtt_out_part_free(struct loop *l)
{
	mqtt_out_free(l->b.mqtt_out);
	broker_probe_free(l->b.broker_probe);
}

const struct part mqtt_out_part = {
	.name = "mqtt_out",
	.new = mqtt_out_part_new,
	.collect = mqtt_out_part_turn,
	.next = mqtt_out_part_next,
	.free = mqtt_out_part_free,
};

/* --- pending events */

NEXT(mqtt_in)
FREE(mqtt_in)

/* Two bridges with one configuration could have one connection each, and neither
 * would get anywhere: who leaves one of them leaves both. Of several bridges it is
 * the group that says who has them. */
static void leave_both(struct bridge *b)
{
	int64_t in = mqtt_in_left_until(b->mqtt_in);
	int64_t out = mqtt_out_left_until(b->mqtt_out);

	if (in != 0 && out == 0)
		mqtt_out_leave(b->mqtt_out, in);
	else if (out != 0 && in == 0)
		mqtt_in_leave(b->mqtt_in, out);
}

static void mqtt_in_part_collect(struct loop *l)
{
	struct bridge *b = &l->b;

	b->total.pending[TALLY_PENDING_FOREIGN] +=
		atomic_exchange(&b->core.foreign, 0);
	mqtt_in_collect(b->mqtt_in);
	if (!l->turns)
		leave_both(b);
	if (registrar_has_audits(b->registrar))
		mqtt_in_audits_alone(b->mqtt_in);
}

static int keep_filters(struct bridge *b, struct ztp_error *error)
{
	char *row = mqtt_in_filters(b->mqtt_in);
	int rc;

	if (!row)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = store_set(b->store, STORE_FILTERS, row, error);
	free(row);
	return rc;
}

#define SESSION "mqtt_in.session" /* in the store: there has been one */

/* Without it, a broker that has forgotten the session while no bridge was connected
 * would look like one that never had it. Of several bridges the session goes from
 * one to the next, and the store has its filters. */
static int take_session(struct loop *l, const char *filters,
			struct ztp_error *error)
{
	struct bridge *b = &l->b;
	char text[4];
	int rc = *filters != '\0';

	if (!l->turns)
		rc = store_get(b->store, SESSION, text, sizeof(text), error);
	if (rc > 0)
		mqtt_in_had_session(b->mqtt_in);
	return rc < 0 ? rc : 0;
}

/* The session must not know of a filter that the store does not. The store of
 * one of several gets them with its first turn. */
static int take_filters(struct loop *l, char *known, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int rc = store_get(b->store, STORE_FILTERS, known, FILTERS_ROW_MAX,
			   error);

	if (rc >= 0)
		rc = mqtt_in_new(&b->mqtt_in, &b->core, b->journal, known,
				 l->wake_fd, l->work_fd, error);
	if (rc != 0 || l->turns || !mqtt_in_filters_changed(b->mqtt_in))
		return rc;
	rc = keep_filters(b, error);
	if (rc == 0)
		rc = store_commit(b->store, b->core.now, error);
	if (rc == 0)
		mqtt_in_filters_kept(b->mqtt_in);
	return rc;
}

/* Events that max_requests blocks now were blocked before the restart or rollback
 * too: the store has not gained room since the last commit, and the bound is no
 * lower than then (told_bound.h). So the customer was never asked about them, and
 * the replay ends here. */
static void end_replay(struct bridge *b)
{
	if (b->blocked && journal_before(&b->mark, &b->told))
		b->told = b->mark;
}

static int mqtt_in_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	char *known = malloc(FILTERS_ROW_MAX);
	int rc = known ? take_filters(l, known, error)
		       : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");

	if (rc == 0)
		rc = take_session(l, known, error);
	free(known);
	if (rc == 0)
		rc = told_bound_look(b, error);
	if (rc == 0)
		mqtt_in_follow(b->mqtt_in, b->mqtt_out);
	return rc;
}

/* Of several bridges the session goes from one to the next. */
static bool keeps_session(const struct loop *l)
{
	return !l->turns && mqtt_in_session_unstored(l->b.mqtt_in);
}

static int mqtt_in_part_apply(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	bool more = false;
	int rc = 0;

	if (!b->comparing)
		rc = pending_apply(b, loop_turn_max(l), &more, &b->blocked,
				   error);
	if (rc == 0) /* else `blocked` may be of an earlier turn */
		end_replay(b);
	l->more |= more;
	if (rc == 0)
		rc = told_bound_apply(b, error);
	if (rc == 0 && mqtt_in_filters_changed(b->mqtt_in))
		rc = keep_filters(b, error);
	if (rc == 0 && keeps_session(l))
		rc = store_set(b->store, SESSION, "1", error);
	return rc;
}

static void mqtt_in_part_settle(struct loop *l)
{
	told_bound_settle(&l->b);
	mqtt_in_filters_kept(l->b.mqtt_in);
	if (keeps_session(l))
		mqtt_in_session_kept(l->b.mqtt_in);
}

const struct part mqtt_in_part = {
	.name = "mqtt_in",
	.new = mqtt_in_part_new,
	.collect = mqtt_in_part_collect,
	.apply = mqtt_in_part_apply,
	.settle = mqtt_in_part_settle,
	.next = mqtt_in_part_next,
	.free = mqtt_in_part_free,
};

/* --- the gate's answers */

STEP(registrar, collect)
STEP(registrar, settle)
STEP(registrar, rollback)
STEP(registrar, pump)
NEXT(registrar)
FREE(registrar)

static bool has_registrar(const struct loop *l)
{
	return l->b.registrar != NULL;
}

static int registrar_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;

	if (b->core.config->mqtt.registrar != CONFIG_REGISTRAR_GATE)
		return 0;
	return registrar_new(&b->registrar, &b->core, b->store, b->mqtt_out,
			     error);
}

static int registrar_part_apply(struct loop *l, struct ztp_error *error)
{
	return gate_answers_apply(&l->b, error);
}

const struct part registrar_part = {
	.name = "registrar",
	.present = has_registrar,
	.new = registrar_part_new,
	.collect = registrar_part_collect,
	.apply = registrar_part_apply,
	.settle = registrar_part_settle,
	.rollback = registrar_part_rollback,
	.pump = registrar_part_pump,
	.next = registrar_part_next,
	.needs_store = true,
	.free = registrar_part_free,
};

/* --- commands to devices */

APPLY(commands)
STEP(commands, settle)
FREE(commands)

static int commands_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int rc = commands_new(&b->commands, b, error);

	/* Of mqtt_out's users the registrar is the last. */
	if (rc == 0 && b->registrar)
		registrar_join(b->registrar);
	return rc;
}

static void commands_part_pump(struct loop *l)
{
	if (!l->b.comparing)
		commands_pump(l->b.commands);
}

static int64_t commands_part_next(const struct loop *l, int64_t now)
{
	(void)now;
	return mqtt_out_connected(l->b.mqtt_out) ? commands_due(l->b.commands)
						 : 0;
}

const struct part commands_part = {
	.name = "commands",
	.new = commands_part_new,
	.apply = commands_part_apply,
	.settle = commands_part_settle,
	.pump = commands_part_pump,
	.next = commands_part_next,
	.needs_store = true,
	.free = commands_part_free,
};
