/*
 * listen: all devices in one, subscribed to whatever goes to any of them.
 * QoS 0, so that this one client's window is not what is measured.
 *   listen --port P --topic FILTER --prefix P --rate R --first N --count N
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <mosquitto.h>

#include "tests/bench/part.h"
#include "tests/bench/tally.h"

struct listener {
	struct part part;
	struct tally *tally;
	bool connected, subscribed;
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
	if (count != 1 || granted[0] > 2)
		part_die("subscription refused");
	l->subscribed = true;
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
	if (mosquitto_subscribe(mosq, NULL, l.part.topic, 0))
		part_die("cannot subscribe");
	while (!l.subscribed)
		serve(mosq);
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
