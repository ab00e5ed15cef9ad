/*
 * Commands are sent: first what has never been tried, then what is due again,
 * within the window and the retry rate. Suspects go alone (suspects.h).
 */
#include "bridge/life/channels.h"
#include "bridge/life/command_send.h"
#include "bridge/life/commands_internal.h"
#include "bridge/registrar/registrar.h"

#define ERASED_LOG_MS 10000 /* between two lines about erased payloads */

#define SUSPECTS_READ 4 /* to find one that is not busy otherwise */

#define WAITS 3 /* beside 0, 1 and errors: see pump_row */

/* Approvals of one walk that wait for those who lost. They are read each time,
 * so there is a bound; those beyond it count as others do. */
#define PASSED_MAX 256

static struct command_slot *free_slot(struct commands *c)
{
	int i;

	for (i = 0; i < COMMANDS_WINDOW_MAX; i++)
		if (c->slots[i].n == 0)
			return &c->slots[i];
	return NULL;
}

static void take_slot(struct commands *c, struct command_slot *slot,
		      const struct command_slot *with)
{
	*slot = *with;
	row_set_add(&c->rows, slot->n);
	c->busy++;
}

/* Returns 1 if this is not possible now. */
static int publish(struct commands *c, struct command_slot *slot,
		   const struct store_request *r, struct ztp_error *error)
{
	struct command_sent sent = {0};
	int rc = command_send(c->b, r, &sent, error);

	if (rc != 0)
		return rc;
	take_slot(c, slot,
		  &(struct command_slot){.n = r->n,
					 .mid = sent.mid,
					 .size = sent.size,
					 .proven = proving_is_proven(
						 &c->proving, c->b->core.now)});
	c->waiting++;
	return 0;
}

/* A command that cannot be sent at all, because it is larger than the broker
 * accepts. It does not hold up the others. */
static void mark_impossible(struct commands *c, struct command_slot *slot,
			    const struct store_request *r,
			    const struct ztp_error *why)
{
	take_slot(c, slot,
		  &(struct command_slot){
			  .n = r->n, .result = RESULT_IMPOSSIBLE, .why = *why});
}

/* A raw command is nothing but its payload. */
static void mark_erased(struct commands *c, struct command_slot *slot,
			const struct store_request *r)
{
	uint64_t suppressed;

	if (log_every(&c->erased, ERASED_LOG_MS, c->b->core.now, &suppressed))
		log_warn(c->b->core.log, "command_erased",
			 LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path),
			 LOG_UINT("suppressed", suppressed));
	take_slot(c, slot,
		  &(struct command_slot){.n = r->n, .result = RESULT_ERASED});
}

/* An earlier start had a gate. What was to be asked of it is nothing that a device
 * may be told. */
static void mark_no_gate(struct commands *c, struct command_slot *slot,
			 const struct store_request *r)
{
	take_slot(c, slot,
		  &(struct command_slot){.n = r->n, .result = RESULT_NO_GATE});
}

struct pumping {
	struct commands *c;
	bool fresh;
	int passed; /* see PASSED_MAX */
	struct ztp_error error;
};

/* Returns 1 if another device would get it. */
static int is_shared(struct pumping *p, const struct store_request *r)
{
	bool taken;
	int rc = channels_taken(p->c->b, r, &taken, &p->error);

	if (taken)
		ztp_fail(&p->error, ZTP_ERR_VALUE, CHANNELS_TAKEN);
	return rc < 0 ? rc : taken;
}

/* Returns 0 if the command is in flight, 1 if this is not possible now. */
static int pump_command(struct pumping *p, const struct store_request *r)
{
	struct commands *c = p->c;
	struct command_slot *slot = free_slot(c);
	int rc;

	if (c->waiting >= c->window || !slot)
		return 1;
	if (registrar_is_for(r->owed.what)) {
		mark_no_gate(c, slot, r);
		return 0;
	}
	rc = is_shared(p, r);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		mark_impossible(c, slot, r, &p->error);
		return 0;
	}
	rc = publish(c, slot, r, &p->error);
	if (rc == ZTP_ERR_EMPTY) {
		mark_erased(c, slot, r);
		return 0;
	}
	if (rc != ZTP_ERR_VALUE && rc != ZTP_ERR_PATH)
		return rc;
	mark_impossible(c, slot, r, &p->error);
	return 0;
}

static bool is_busy(const struct commands *c, int64_t n)
{
	return commands_busy(c, n) ||
	       (c->b->registrar && registrar_busy(c->b->registrar, n));
}

/* The gate takes others, but not this one yet. What it waits for may come after
 * it: what is owed to those who lost its path. */
static int pass(struct pumping *p, const struct store_owed *owed)
{
	if (owed->what != ZTP_OWED_REGISTER || p->passed >= PASSED_MAX)
		return WAITS;
	p->passed++;
	return STORE_PASSED;
}

/* Sends what is owed, or has it sent by the gate. Returns 1 if there is no room
 * for commands now, WAITS if only this one, or the gate's, must wait, and
 * STORE_PASSED if it waits for others of its path. */
static int pump_row(struct pumping *p, const struct store_owed *owed)
{
	struct commands *c = p->c;
	struct registrar *registrar = c->b->registrar;
	bool by_gate = registrar_takes(registrar, owed->what);
	struct store_request r;
	int rc;

	if (by_gate && !registrar_has_room(registrar))
		return WAITS;
	if (!by_gate && c->waiting >= c->window)
		return 1;
	rc = store_request_by_n(c->b->store, owed->n, &r, &p->error);
	if (rc <= 0)
		return rc < 0 ? rc : WAITS;
	if (!by_gate)
		return pump_command(p, &r);
	return registrar_send(registrar, &r) ? 0 : pass(p, owed);
}

static int pump_one(void *arg, const struct store_owed *owed)
{
	struct pumping *p = arg;
	struct commands *c = p->c;
	int rc;

	if (is_busy(c, owed->n))
		return 0;
	if (!p->fresh && c->tokens < 1) {
		c->starved = true;
		return 1;
	}
	rc = pump_row(p, owed);
	if (rc == WAITS)
		return 0; /* others do not have to wait for the gate */
	if (rc == 0 && !p->fresh)
		c->tokens -= 1;
	return rc;
}

static void refill(struct commands *c)
{
	double rate = (double)c->b->core.config->mqtt.retry_rate;
	double elapsed = (double)(c->b->core.now - c->tokens_at) / 1000.0;

	c->tokens += elapsed * rate;
	if (c->tokens > rate / 5 + 1)
		c->tokens = rate / 5 + 1; /* bursts of 1/5 s */
	c->tokens_at = c->b->core.now;
}

/* --- suspects */

/* Those that the gate has answered meanwhile, or has not for too long. */
static void forget_silent(struct commands *c)
{
	struct suspects *s = &c->suspects;
	int i, kept = 0;

	for (i = 0; i < s->silent_count; i++)
		if (is_busy(c, s->silent[i]))
			s->silent[kept++] = s->silent[i];
	s->silent_count = kept;
}

static void look_at_suspect(struct commands *c)
{
	struct suspects *s = &c->suspects;
	struct registrar *registrar = c->b->registrar;

	forget_silent(c);
	if (s->n <= 0)
		return;
	if (!is_busy(c, s->n))
		suspects_answered(s, c->b->core.now);
	else if (registrar && registrar_busy(registrar, s->n))
		suspects_look(s, c->b->core.now);
}

struct next_suspect {
	const struct commands *c;
	int64_t at;
};

static int take_next(void *arg, const struct store_owed *owed)
{
	struct next_suspect *next = arg;

	if (is_busy(next->c, owed->n))
		return STORE_PASSED;
	next->at = owed->retry_at;
	return 1;
}

/* When the next suspect is due that the gate does not have already; 0: never. */
static int64_t next_suspect(const struct commands *c)
{
	struct next_suspect next = {c, 0};
	struct ztp_error error;

	if (c->suspects.silent_count == 0)
		return store_next_suspect(c->b->store);
	(void)store_suspect_each(c->b->store, INT64_MAX, 1, take_next, &next,
				 &error); /* the pump says what is wrong */
	return next.at;
}

/* Ends the walk with 2 if the broker is asked first whether it takes anything.
 */
static int ask_first(struct pumping *p, const struct store_owed *owed)
{
	struct commands *c = p->c;
	struct store_request r;
	int rc;

	if (registrar_takes(c->b->registrar, owed->what))
		return 0;
	rc = store_request_by_n(c->b->store, owed->n, &r, &p->error);
	if (rc <= 0)
		return rc;
	if (!proving_ask(&c->proving, c->b, r.owed.losses))
		return 0;
	suspects_sent(&c->suspects, c->b->core.now, PROVING_ROW);
	return 2;
}

/* Sends one, and ends the walk with 2. */
static int pump_suspect(void *arg, const struct store_owed *owed)
{
	struct pumping *p = arg;
	struct commands *c = p->c;
	int rc;

	if (is_busy(c, owed->n))
		return STORE_PASSED;
	rc = ask_first(p, owed);
	if (rc != 0)
		return rc;
	rc = pump_row(p, owed);
	if (rc == WAITS || (registrar_takes(c->b->registrar, owed->what) &&
			    rc == 0 && !registrar_flush(c->b->registrar)))
		return 0; /* alone */
	if (rc != 0)
		return rc;
	suspects_sent(&c->suspects, c->b->core.now, owed->n);
	return 2;
}

/* Returns true when no other command may be sent now. */
static bool pump_suspects(struct commands *c)
{
	struct pumping p = {.c = c};
	struct suspects *s = &c->suspects;
	int64_t now = c->b->core.now;
	int in_flight, rc;

	look_at_suspect(c);
	in_flight = c->waiting + registrar_in_flight(c->b->registrar) -
		    s->silent_count;
	switch (suspects_turn(s, now, next_suspect(c), in_flight)) {
	case SUSPECTS_NONE:
		return false;
	case SUSPECTS_WAIT:
		return true;
	case SUSPECTS_SEND:
		break;
	}
	rc = store_suspect_each(c->b->store, now, SUSPECTS_READ, pump_suspect,
				&p, &p.error);
	if (rc < 0)
		log_error(c->b->core.log, "command_failed", LOG_WHY(&p.error));
	if (rc != 2)
		suspects_sent(s, now, 0);
	return rc == 2;
}

/* --- the turn's last phase */

static void flush(struct commands *c)
{
	if (c->b->registrar)
		(void)registrar_flush(c->b->registrar); /* still owed */
	mqtt_out_flush(c->b->mqtt_out);
}

void commands_pump(struct commands *c)
{
	struct pumping p = {.c = c, .fresh = true};
	int limit, rc;

	c->starved = false;
	if (!mqtt_out_connected(c->b->mqtt_out))
		return;
	/* A gate that has not agreed protects another topic, or none. */
	if (c->b->registrar && !registrar_ready(c->b->registrar)) {
		flush(c);
		return;
	}
	if (pump_suspects(c)) {
		flush(c);
		return;
	}
	refill(c);
	/* Those in flight are still due in the store, and are passed over. */
	limit = 2 * c->window + registrar_in_flight(c->b->registrar);
	rc = store_retry_each(c->b->store, true, c->b->core.now, limit,
			      pump_one, &p, &p.error);
	p.fresh = false;
	if (rc >= 0 && c->waiting < c->window)
		rc = store_retry_each(c->b->store, false, c->b->core.now, limit,
				      pump_one, &p, &p.error);
	if (rc < 0)
		log_error(c->b->core.log, "command_failed", LOG_WHY(&p.error));
	flush(c);
}

/* Commands that are due already are in flight, or wait for room or for the
 * gate, and all of these wake the loop. Only those that wait for the retry
 * rate need a timer. */
int64_t commands_due(const struct commands *c)
{
	int64_t now = c->b->core.now;
	int64_t fresh = store_next_retry(c->b->store, true);
	int64_t later = store_next_retry(c->b->store, false);
	int64_t suspect = suspects_due(&c->suspects, next_suspect(c));

	if (suspect > now && (later <= now || suspect < later))
		later = suspect;
	if (c->starved)
		return now + 1000 / c->b->core.config->mqtt.retry_rate + 1;
	if (fresh <= now)
		return later > now ? later : 0;
	return later > now && later < fresh ? later : fresh;
}
