#include "tests/sim/broker.h"

#include <string.h>

#include "tests/sim/sim.h"

struct conn {
	int64_t number; /* 0: none */
	struct process *of;
	bool cut;		/* nothing gets through any more */
	int64_t up_at, down_at; /* the last packet of each direction */
	bool responses, subscribed, answers; /* filters of the second */
};

static struct conn in, out, standby[PROCESSES_MAX];
static int64_t numbers, away, full;
static bool session, acks_are_lost;
static struct publish *first, *last;
static int queued, in_flight;

void broker_begin(void)
{
	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	memset(standby, 0, sizeof(standby));
	numbers = away = full = 0;
	session = false;
	first = last = NULL;
	queued = in_flight = 0;
}

bool broker_answers(void)
{
	return sim.now >= away;
}

bool broker_reaches(const struct process *of)
{
	return broker_answers() && sim.now >= of->broker_cut;
}

int64_t broker_latency(void)
{
	return sim_delay(50, 20 * SIM_MS);
}

bool broker_has_session(void)
{
	return session;
}

int broker_queued(void)
{
	return queued;
}

/* As TCP: behind what is on its way already. */
static int64_t in_order(int64_t *before)
{
	int64_t at = sim.now + broker_latency();

	if (at <= *before)
		at = *before + 1;
	*before = at;
	return at - sim.now;
}

/* --- events to the bridge */

struct delivery {
	int64_t conn;
	struct publish *publish;
};

static void deliver(void *arg, int64_t n)
{
	struct delivery *d = arg;

	(void)n;
	if (d->conn == in.number && !in.cut)
		paho_deliver(d->conn, d->publish);
}

static void send_events(void)
{
	struct publish *p;

	if (in.number == 0)
		return;
	for (p = first; p && in_flight < BROKER_INFLIGHT; p = p->next) {
		struct delivery *d;

		if (p->sent)
			continue;
		d = sim_alloc(sizeof(*d));
		*d = (struct delivery){in.number, p};
		p->sent = true;
		in_flight++;
		sim_at_of(in.of, in_order(&in.down_at), deliver, d, 0);
	}
}

bool broker_offer(const char *topic, const char *payload, size_t len, int tag)
{
	struct publish *p;

	if (!session || !broker_answers())
		return false;
	if (sim.plan.broker_queue > 0 &&
	    queued - in_flight >= sim.plan.broker_queue) {
		sim_trace("dropped by the broker", tag, queued);
		return true;
	}
	p = sim_alloc(sizeof(*p));
	*p = (struct publish){.topic = topic,
			      .payload = sim_copy(payload, len),
			      .len = len,
			      .tag = tag};
	if (last)
		last->next = p;
	else
		first = p;
	last = p;
	queued++;
	send_events();
	return true;
}

static void forget(struct publish *publish)
{
	struct publish **at = &first, *before = NULL;

	while (*at && *at != publish) {
		before = *at;
		at = &(*at)->next;
	}
	if (!*at)
		return;
	*at = publish->next;
	if (last == publish)
		last = before;
	queued--;
	in_flight--;
}

static void puback(void *arg, int64_t n)
{
	struct delivery *d = arg;

	(void)n;
	if (d->conn != in.number || in.cut)
		return;
	sim_trace("PUBACK of the bridge", d->publish->tag, 0);
	world_owned(d->publish->tag);
	forget(d->publish);
	send_events();
}

void broker_in_puback(int64_t conn, struct publish *publish)
{
	struct delivery *d = sim_alloc(sizeof(*d));

	if (acks_are_lost)
		return;
	*d = (struct delivery){conn, publish};
	sim_at(in_order(&in.up_at), puback, d, 0);
}

/* The broker sees that the connection is gone. */
static void in_gone(void)
{
	struct publish *p;

	in.number = 0;
	in_flight = 0;
	for (p = first; p; p = p->next) {
		p->dup = p->dup || p->sent;
		p->sent = false;
	}
}

static void in_closed(void *arg, int64_t conn)
{
	(void)arg;
	if (conn == in.number)
		in_gone();
}

static void out_closed(void *arg, int64_t conn)
{
	(void)arg;
	if (conn == out.number)
		out = (struct conn){0};
}

void broker_in_leave(int64_t conn)
{
	sim_at(in_order(&in.up_at), in_closed, NULL, conn);
}

void broker_out_leave(int64_t conn)
{
	sim_at(in_order(&out.up_at), out_closed, NULL, conn);
}

void broker_client_killed(void)
{
	if (in.number != 0 && in.of == sim.me && !in.cut)
		broker_in_leave(in.number);
	if (out.number != 0 && out.of == sim.me && !out.cut)
		broker_out_leave(out.number);
}

/* 0x8e is not told by each version of the broker. */
static int taken_over(void)
{
	return sim_odds(2) ? TAKEN_OVER : 0;
}

int64_t broker_in_connect(struct process *of)
{
	if (!broker_reaches(of))
		return 0;
	if (in.number != 0 && in.of != of)
		paho_lost(in.of, in.number, taken_over());
	in_gone(); /* taken over, or not yet missed */
	in = (struct conn){.number = ++numbers, .of = of};
	send_events(); /* the session has its subscription already */
	return in.number;
}

void broker_in_subscribe(int64_t conn)
{
	if (conn == in.number)
		session = true;
	send_events();
}

/* --- the second connection */

static void end_conn(const struct conn *conn, int code)
{
	struct packet *end;

	if (conn->number == 0)
		return;
	end = sim_alloc(sizeof(*end));
	*end = (struct packet){.type = PACKET_END, .code = code};
	mosquitto_packet(conn->of, conn->number, end);
}

int64_t broker_out_connect(struct process *of, bool stands_by)
{
	if (!broker_reaches(of))
		return 0;
	if (stands_by) {
		standby[of->number] =
			(struct conn){.number = ++numbers, .of = of};
		return numbers;
	}
	if (out.number != 0 && out.of != of)
		end_conn(&out, taken_over());
	out = (struct conn){.number = ++numbers, .of = of};
	return out.number;
}

static void packet_arrives(void *arg, int64_t conn)
{
	if (conn == out.number && !out.cut)
		mosquitto_packet(out.of, conn, arg);
}

static void send_packet(struct packet packet)
{
	sim_at_of(out.of, in_order(&out.down_at), packet_arrives,
		  sim_copy(&packet, sizeof(packet)), out.number);
}

void broker_out_subscribe(int64_t conn, int mid, const char *filter, int qos)
{
	if (conn != out.number)
		return;
	if (strcmp(filter, "$CONTROL/ztp/v1/response") == 0)
		out.responses = true;
	else if (strcmp(filter, "ztp/v1/subscribed") == 0)
		out.subscribed = true;
	else if (strncmp(filter, "ztp/", 4) != 0)
		out.answers = true;
	send_packet((struct packet){
		.type = PACKET_SUBACK, .mid = mid, .code = qos});
}

void broker_tell(const char *topic, const char *payload, size_t len, int qos)
{
	struct publish *p;

	(void)qos;
	if (out.number == 0 || !(*topic == '$'	 ? out.responses
				 : *topic == 'z' ? out.subscribed
						 : out.answers))
		return;
	p = sim_alloc(sizeof(*p));
	*p = (struct publish){.topic = sim_copy(topic, strlen(topic)),
			      .payload = sim_copy(payload, len),
			      .len = len};
	send_packet((struct packet){.type = PACKET_PUBLISH, .publish = p});
}

struct outgoing {
	int mid;
	char *topic, *payload;
	size_t len;
};

static void command_arrives(void *arg, int64_t conn)
{
	const struct outgoing *o = arg;
	struct packet packet = {.type = PACKET_PUBACK, .mid = o->mid};

	if (conn != out.number || out.cut)
		return;
	if (sim.now < full && *o->topic != '$') {
		broker_lose(false, 0);
		return;
	}
	if (world_is_poison(o->topic)) {
		sim_trace("poison", (int64_t)o->len, 0);
		broker_lose(false, 0);
		return;
	}
	if (strncmp(o->topic, "$CONTROL/", 9) == 0 && sim.plan.gate)
		gate_command(o->payload, o->len);
	else if (*o->topic == '$') /* taken, whether a plugin listens or not */
		packet.code = 0;
	else if (strncmp(o->topic, "ztp/v1/probe/", 13) == 0)
		packet.code = 0x10;
	else
		packet.code = world_command(o->topic, o->payload, o->len);
	if (sim.plan.mqtt3 && packet.code < 0x80)
		packet.code = 0;
	if (sim.calm || !sim_odds(500))
		send_packet(packet);
	else
		sim_trace("PUBACK never sent", o->mid, 0);
}

void broker_out_publish(int64_t conn, int mid, const char *topic,
			const void *payload, size_t len)
{
	struct outgoing o = {mid, sim_copy(topic, strlen(topic)),
			     sim_copy(payload, len), len};

	if (conn == out.number)
		sim_at(in_order(&out.up_at), command_arrives,
		       sim_copy(&o, sizeof(o)), conn);
}

/* --- what goes wrong */

void broker_lose(bool first_one, int code)
{
	if (first_one && in.number != 0) {
		sim_input("connection in lost", code, 0);
		sim.stats->lost_connections++;
		paho_lost(in.of, in.number, code);
		in_gone();
	} else if (!first_one && out.number != 0) {
		sim_input("connection out lost", code, 0);
		sim.stats->lost_connections++;
		end_conn(&out, code);
		out = (struct conn){0};
	}
}

void broker_go_away(int64_t us)
{
	int i;

	away = sim.now + us;
	for (i = 0; i < process_count; i++)
		end_conn(&standby[i], 0);
	broker_lose(true, 0);
	broker_lose(false, 0);
}

/* Its own side of a connection sees it when a keep-alive is not answered. */
void broker_cut(struct process *of)
{
	end_conn(&standby[of->number], 0);
	if (in.number != 0 && in.of == of && !in.cut) {
		in.cut = true;
		paho_lost(of, in.number, 0);
	}
	if (out.number != 0 && out.of == of && !out.cut) {
		out.cut = true;
		end_conn(&out, 0);
	}
}

void broker_fill(int64_t us)
{
	full = sim.now + us;
	sim_input("broker full", us, 0);
}

void broker_lose_acks(bool lose)
{
	acks_are_lost = lose;
}

void broker_forget(void)
{
	struct publish *p = first;

	sim_input("broker forgets", queued, 0);
	broker_lose(true, 0);
	broker_lose(false, 0);
	session = false;
	first = last = NULL;
	queued = in_flight = 0;
	for (; p; p = p->next)
		world_forgotten(p->tag);
}
