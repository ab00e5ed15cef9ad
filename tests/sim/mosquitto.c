/*
 * libmosquitto's connection, played, above its socket. As there, it reads as
 * many packets at a time as there are unacknowledged publishes, or one, and
 * what it has not read keeps the socket readable. Properties and texts are the
 * real library's.
 */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "tests/sim/system.h"

typedef void connect_fn(struct mosquitto *, void *, int, int,
			const mosquitto_property *);
typedef void ack_fn(struct mosquitto *, void *, int,
		    const mosquitto_property *);
typedef void suback_fn(struct mosquitto *, void *, int, int, const int *,
		       const mosquitto_property *);
typedef void publish_fn(struct mosquitto *, void *, int, int,
			const mosquitto_property *);
typedef void message_fn(struct mosquitto *, void *,
			const struct mosquitto_message *,
			const mosquitto_property *);

struct mosquitto {
	struct process *of;
	bool gone, stands_by;
	void *arg;
	connect_fn *on_connect;
	ack_fn *on_disconnect;
	publish_fn *on_publish;
	suback_fn *on_subscribe;
	message_fn *on_message;
	int64_t conn;
	int fd, mid, unacked;
	struct packet *first, *last; /* what is to be read */
};

#define CLIENTS 4

/* Those of each process that are not destroyed. */
static struct mosquitto *clients[PROCESSES_MAX][CLIENTS];

void mosquitto_forget(void)
{
	memset(clients[sim.me->number], 0, sizeof(clients[0]));
}

static struct mosquitto **place(const struct process *of,
				const struct mosquitto *m)
{
	struct mosquitto **all = clients[of->number];
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (all[i] == m)
			return &all[i];
	abort();
}

int mosquitto_lib_init(void)
{
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_lib_cleanup(void)
{
	return MOSQ_ERR_SUCCESS;
}

static bool is_readable(void *arg)
{
	return ((struct mosquitto *)arg)->first != NULL;
}

struct mosquitto *mosquitto_new(const char *id, bool clean, void *arg)
{
	struct mosquitto *m;

	(void)clean;
	sim_point();
	m = sim_alloc(sizeof(*m));
	m->of = sim.me;
	m->stands_by = strstr(id, "-standby-") != NULL;
	*place(m->of, NULL) = m;
	m->arg = arg;
	m->fd = -1;
	return m;
}

void mosquitto_destroy(struct mosquitto *m)
{
	if (!m)
		return;
	sim_point();
	if (m->fd >= 0)
		system_close(m->fd);
	if (m->conn != 0)
		broker_out_leave(m->conn);
	m->gone = true;
	*place(m->of, m) = NULL;
}

void *mosquitto_userdata(struct mosquitto *m)
{
	return m->arg;
}

int mosquitto_int_option(struct mosquitto *m, enum mosq_opt_t option, int value)
{
	(void)m;
	(void)option;
	(void)value;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_username_pw_set(struct mosquitto *m, const char *name,
			      const char *password)
{
	(void)m;
	(void)name;
	(void)password;
	return MOSQ_ERR_SUCCESS;
}

void mosquitto_connect_v5_callback_set(struct mosquitto *m, connect_fn *fn)
{
	m->on_connect = fn;
}

void mosquitto_disconnect_v5_callback_set(struct mosquitto *m, ack_fn *fn)
{
	m->on_disconnect = fn;
}

void mosquitto_publish_v5_callback_set(struct mosquitto *m, publish_fn *fn)
{
	m->on_publish = fn;
}

void mosquitto_subscribe_v5_callback_set(struct mosquitto *m, suback_fn *fn)
{
	m->on_subscribe = fn;
}

void mosquitto_message_v5_callback_set(struct mosquitto *m, message_fn *fn)
{
	m->on_message = fn;
}

/* --- the connection */

static void add(struct mosquitto *m, struct packet *packet)
{
	packet->next = NULL;
	if (m->last && m->first)
		m->last->next = packet;
	else
		m->first = packet;
	m->last = packet;
}

void mosquitto_packet(struct process *of, int64_t conn, struct packet *packet)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct mosquitto *m = clients[of->number][i];

		if (m && m->conn == conn)
			add(m, packet);
	}
}

static void connected(void *arg, int64_t n)
{
	struct mosquitto *m = arg;
	struct packet *packet = sim_alloc(sizeof(*packet));

	(void)n;
	if (m->gone)
		return;
	m->conn = broker_out_connect(m->of, m->stands_by);
	packet->type = m->conn ? PACKET_CONNACK : PACKET_END;
	sim_input("connect out", m->conn, 0);
	add(m, packet);
}

int mosquitto_connect_async(struct mosquitto *m, const char *host, int port,
			    int keepalive)
{
	(void)host;
	(void)port;
	(void)keepalive;
	sim_point();
	if (!broker_reaches(m->of) && sim_odds(2))
		return MOSQ_ERR_ERRNO;
	m->fd = system_socket(is_readable, m);
	if (broker_reaches(m->of) || sim_odds(2))
		sim_at_life(3 * broker_latency(), connected, m, 0);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_socket(struct mosquitto *m)
{
	return m->fd;
}

/* There is no TLS here. */
void *mosquitto_ssl_get(struct mosquitto *m)
{
	(void)m;
	return NULL;
}

int mosquitto_disconnect(struct mosquitto *m)
{
	if (m->conn != 0)
		broker_out_leave(m->conn);
	m->conn = 0;
	return MOSQ_ERR_SUCCESS;
}

/* --- reading */

static void on_connack(struct mosquitto *m)
{
	mosquitto_property *properties = NULL;

	if (!sim.plan.mqtt3)
		mosquitto_property_add_int16(&properties,
					     MQTT_PROP_RECEIVE_MAXIMUM,
					     BROKER_INFLIGHT);
	m->on_connect(m, m->arg, 0, 0, properties);
	mosquitto_property_free_all(&properties);
}

static void on_publish(struct mosquitto *m, const struct publish *publish)
{
	struct mosquitto_message message = {
		.topic = (char *)(uintptr_t)publish->topic,
		.payload = publish->payload,
		.payloadlen = (int)publish->len,
	};

	sim_input("message out", (int64_t)publish->len, *publish->topic);
	m->on_message(m, m->arg, &message, NULL);
}

static int read_packet(struct mosquitto *m)
{
	struct packet *packet = m->first;

	m->first = packet->next;
	switch (packet->type) {
	case PACKET_CONNACK:
		on_connack(m);
		break;
	case PACKET_PUBACK:
		m->unacked--;
		sim_input("PUBACK", packet->mid, packet->code);
		m->on_publish(m, m->arg, packet->mid, packet->code, NULL);
		break;
	case PACKET_SUBACK:
		if (m->on_subscribe)
			m->on_subscribe(m, m->arg, packet->mid, 1,
					&packet->code, NULL);
		break;
	case PACKET_PUBLISH:
		on_publish(m, packet->publish);
		break;
	case PACKET_END:
		m->conn = 0;
		if (m->on_disconnect)
			m->on_disconnect(m, m->arg,
					 packet->code ? packet->code
						      : MOSQ_ERR_CONN_LOST,
					 NULL);
		return MOSQ_ERR_CONN_LOST;
	}
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_loop_read(struct mosquitto *m, int max)
{
	int left = m->unacked > 1 ? m->unacked : 1, rc = MOSQ_ERR_SUCCESS;

	(void)max; /* unused there, too */
	sim_point();
	while (left-- > 0 && m->first && rc == MOSQ_ERR_SUCCESS)
		rc = read_packet(m);
	return rc;
}

int mosquitto_loop_write(struct mosquitto *m, int max)
{
	(void)m;
	(void)max;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_loop_misc(struct mosquitto *m)
{
	(void)m;
	return MOSQ_ERR_SUCCESS;
}

bool mosquitto_want_write(struct mosquitto *m)
{
	(void)m;
	return false; /* the kernel takes what is published at once */
}

/* --- writing */

int mosquitto_subscribe(struct mosquitto *m, int *mid, const char *filter,
			int qos)
{
	sim_point();
	if (m->conn == 0)
		return MOSQ_ERR_NO_CONN;
	m->mid = m->mid % 65535 + 1;
	if (mid)
		*mid = m->mid;
	broker_out_subscribe(m->conn, m->mid, filter, qos);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_publish_v5(struct mosquitto *m, int *mid, const char *topic,
			 int len, const void *payload, int qos, bool retain,
			 const mosquitto_property *properties)
{
	(void)qos;
	(void)retain;
	(void)properties;
	sim_point();
	if (m->conn == 0)
		return MOSQ_ERR_NO_CONN;
	if (!m->stands_by)
		world_spoken();
	m->mid = m->mid % 65535 + 1;
	if (mid)
		*mid = m->mid;
	m->unacked++;
	broker_out_publish(m->conn, m->mid, topic, payload, (size_t)len);
	return MOSQ_ERR_SUCCESS;
}
