#include "bridge/life/commands.h"

#include <stdlib.h>

#include "base/random.h"
#include "bridge/core/row_set.h"
#include "bridge/life/answers.h"
#include "bridge/life/command_send.h"
#include "bridge/life/delivery.h"
#include "bridge/life/giving_up.h"
#include "bridge/life/proving.h"
#include "bridge/life/suspects.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/registrar.h"

#define WINDOW_MAX    MQTT_OUT_WINDOW_MAX
#define ERASED_LOG_MS 10000 /* between two lines about erased payloads */

#define SUSPECTS_READ 4 /* to find one that is not busy otherwise */

#define WAITS 3 /* beside 0, 1 and errors: see pump_row */

enum result {
	RESULT_NONE,	   /* not yet */
	RESULT_PUBACK,	   /* with reason_code */
	RESULT_LOST,	   /* the connection was lost before that */
	RESULT_IMPOSSIBLE, /* it cannot be sent: see `why` */
	RESULT_ERASED,	   /* nothing is left of its payload */
};

/* One publish in flight. The slot stays busy until its result is in the store
 * (settle), so that nothing publishes the command twice. */
struct slot {
	int64_t n; /* row number; 0: this slot is free */
	int mid;
	size_t size; /* bytes, of the whole PUBLISH */
	bool proven; /* its loss would be its own fault (proving.h) */
	enum result result;
	int reason_code;
	struct ztp_error why;
};

struct commands {
	struct bridge *b;
	struct mqtt_out_user user;
	struct slot slots[WINDOW_MAX];
	struct row_set rows; /* of the slots */
	int busy, waiting;   /* slots in use; slots without PUBACK */
	int window;	     /* at most so many without PUBACK */
	double tokens;	     /* retries allowed now */
	int64_t tokens_at;
	bool starved; /* the retry rate delays a command */
	struct suspects suspects;
	struct proving proving;
	struct answers *answers;
	struct log_limit erased;
};

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

	for (i = 0; i < WINDOW_MAX; i++)
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
	for (i = 0; i < WINDOW_MAX; i++) {
		struct slot *slot = &c->slots[i];

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

int commands_in_flight(const struct commands *c)
{
	return c->busy;
}

bool commands_have_room(const struct commands *c)
{
	return c->waiting < c->window;
}

/* --- the turn */

static int apply_result(struct bridge *b, const struct slot *slot,
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
	for (i = 0; i < WINDOW_MAX && rc == 0; i++)
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
	for (i = 0; i < WINDOW_MAX; i++) {
		if (c->slots[i].n == 0 || c->slots[i].result == RESULT_NONE)
			continue;
		row_set_remove(&c->rows, c->slots[i].n);
		c->slots[i].n = 0;
		c->busy--;
	}
}

/* --- publishing */

bool commands_busy(const struct commands *c, int64_t n)
{
	return row_set_has(&c->rows, n);
}

static struct slot *free_slot(struct commands *c)
{
	int i;

	for (i = 0; i < WINDOW_MAX; i++)
		if (c->slots[i].n == 0)
			return &c->slots[i];
	return NULL;
}

static void take_slot(struct commands *c, struct slot *slot,
		      const struct slot *with)
{
	*slot = *with;
	row_set_add(&c->rows, slot->n);
	c->busy++;
}

/* Returns 1 if this is not possible now. */
static int publish(struct commands *c, struct slot *slot,
		   const struct store_request *r, struct ztp_error *error)
{
	struct command_sent sent = {0};
	int rc = command_send(c->b, r, &sent, error);

	if (rc != 0)
		return rc;
	take_slot(c, slot,
		  &(struct slot){.n = r->n,
				 .mid = sent.mid,
				 .size = sent.size,
				 .proven = proving_is_proven(&c->proving,
							     c->b->core.now)});
	c->waiting++;
	return 0;
}

/* A command that cannot be sent at all, because it is larger than the broker
 * accepts. It does not hold up the others. */
static void mark_impossible(struct commands *c, struct slot *slot,
			    const struct store_request *r,
			    const struct ztp_error *why)
{
	take_slot(c, slot,
		  &(struct slot){
			  .n = r->n, .result = RESULT_IMPOSSIBLE, .why = *why});
}

/* A raw command is nothing but its payload. */
static void mark_erased(struct commands *c, struct slot *slot,
			const struct store_request *r)
{
	uint64_t suppressed;

	if (log_every(&c->erased, ERASED_LOG_MS, c->b->core.now, &suppressed))
		log_warn(c->b->core.log, "command_erased",
			 LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path),
			 LOG_UINT("suppressed", suppressed));
	take_slot(c, slot, &(struct slot){.n = r->n, .result = RESULT_ERASED});
}

struct pumping {
	struct commands *c;
	bool fresh;
	struct ztp_error error;
};

/* Returns 0 if the command is in flight, 1 if this is not possible now. */
static int pump_command(struct pumping *p, const struct store_request *r)
{
	struct commands *c = p->c;
	struct slot *slot = free_slot(c);
	int rc;

	if (c->waiting >= c->window || !slot)
		return 1;
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

/* Sends what is owed, or has it sent by the gate. Returns 1 if there is no room
 * for commands now, and WAITS if only this one, or the gate's, must wait. */
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
	return registrar_send(registrar, &r) ? 0 : WAITS;
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
		return 0;
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
	int64_t now = c->b->core.now, next = store_next_suspect(c->b->store);
	int rc;

	if (s->n > 0 && !is_busy(c, s->n))
		suspects_answered(s, now);
	switch (suspects_turn(s, now, next,
			      c->waiting +
				      registrar_in_flight(c->b->registrar))) {
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
	int64_t suspect =
		suspects_due(&c->suspects, store_next_suspect(c->b->store));

	if (suspect > now && (later <= now || suspect < later))
		later = suspect;
	if (c->starved)
		return now + 1000 / c->b->core.config->mqtt.retry_rate + 1;
	if (fresh <= now)
		return later > now ? later : 0;
	return later > now && later < fresh ? later : fresh;
}
