/*
 * listen: stands for all devices; subscribed to everything that goes to any of
 * them, with QoS 0, so that this one client's window does not limit the rate.
 *   listen --port P --topic FILTER --prefix P --rate R --first N --count N
 * The filter "each" makes one subscription per device of the plan.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mosquitto.h>

#include "tests/bench/part.h"
#include "tests/bench/tally.h"

#define AT_ONCE	  256 /* filters per packet */
#define TOPIC_MAX 160

struct listener {
	struct part part;
	struct tally *tally;
	bool connected;
	int64_t subscribed; /* filters that the broker has granted */
};

static void on_connect(struct mosquitto *mosq, void *arg, int rc)
{
	struct listener *l = arg;

	(void)mosq;
	if (rc != 0)
		part_die("connect: %s", mosquitto_connack_string(rc));
	l->connected = true;
}

static void on_subscribe(struct mosquitto *mosq, void *arg, int mid, int count,
			 const int *granted)
{
	struct listener *l = arg;

	(void)mosq;
	(void)mid;
	for (int i = 0; i < count; i++)
		if (granted[i] > 2)
			part_die("subscription refused");
	l->subscribed += count;
}

static void on_message(struct mosquitto *mosq, void *arg,
		       const struct mosquitto_message *message)
{
	struct listener *l = arg;

	(void)mosq;
	if (l->tally && message->payloadlen > 0)
		tally_add(l->tally, message->payload,
			  (size_t)message->payloadlen, part_now());
}

static void serve(struct mosquitto *mosq)
{
	int rc = mosquitto_loop(mosq, 50, 1);

	if (rc != MOSQ_ERR_SUCCESS)
		part_die("connection lost: %s", mosquitto_strerror(rc));
}

/* Subscribes to the command topics of n devices, starting at index first
 * of the plan. */
static void subscribe_some(struct listener *l, struct mosquitto *mosq,
			   int64_t first, int n)
{
	char *filters[AT_ONCE];
	long long device = l->part.first + first;
	int i;

	for (i = 0; i < n; i++) {
		filters[i] = malloc(TOPIC_MAX);
		if (!filters[i])
			part_die("out of memory");
		snprintf(filters[i], TOPIC_MAX, PART_PATH_FORM "/commands",
			 l->part.prefix, device + i);
	}
	if (mosquitto_subscribe_multiple(mosq, NULL, n, filters, 0, 0, NULL))
		part_die("cannot subscribe");
	for (i = 0; i < n; i++)
		free(filters[i]);
	while (l->subscribed < first + n)
		serve(mosq);
}

static void subscribe(struct listener *l, struct mosquitto *mosq)
{
	int64_t done, left;

	if (strcmp(l->part.topic, "each") != 0) {
		if (mosquitto_subscribe(mosq, NULL, l->part.topic, 0))
			part_die("cannot subscribe");
		while (l->subscribed < 1)
			serve(mosq);
		return;
	}
	for (done = 0; done < l->part.count; done += AT_ONCE) {
		left = l->part.count - done;
		subscribe_some(l, mosq, done,
			       left < AT_ONCE ? (int)left : AT_ONCE);
	}
}

int main(int argc, char **argv)
{
	struct listener l = {.tally = NULL};
	struct mosquitto *mosq;

	part_options(&l.part, argc, argv);
	if (!l.part.topic || !l.part.port)
		part_die("--port and --topic are needed");
	mosquitto_lib_init();
	mosq = mosquitto_new(NULL, true, &l);
	if (!mosq)
		part_die("out of memory");
	mosquitto_connect_callback_set(mosq, on_connect);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_message_callback_set(mosq, on_message);
	if (mosquitto_connect(mosq, "127.0.0.1", l.part.port, 600))
		part_die("cannot connect to port %d", l.part.port);
	while (!l.connected)
		serve(mosq);
	subscribe(&l, mosq);
	part_begin(&l.part);
	l.tally = tally_new(&l.part);
	while (!part_over() && !tally_complete(l.tally))
		serve(mosq);
	tally_report(l.tally);
	tally_free(l.tally);
	mosquitto_disconnect(mosq);
	mosquitto_destroy(mosq);
	mosquitto_lib_cleanup();
	return 0;
}
