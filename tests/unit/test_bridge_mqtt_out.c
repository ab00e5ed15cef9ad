/* The connection for commands, with a minimal broker: which user is told what,
 * and when. */
#include "scratch.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bridge/mqtt/mqtt_out.h"

#define DEADLINE_MS 20000
#define LARGE	    32000

/* libmosquitto 2.0.11 leaks one property with each CONNECT of MQTT 5. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:mosquitto_property_add_int16\n";
}

struct user {
	struct mqtt_out_user joined;
	bool takes; /* accepts what it is offered */
	int ups, downs, pubacks, messages;
	int mid, reason_code;
	int asks, granted;
};

struct connection {
	struct config config;
	struct core core;
	struct log log;
	struct mqtt_out *mqtt_out;
	struct user first, second;
	int listener, broker; /* broker: the accepted connection, or -1 */
};

/* --- the two users */

static void on_up(void *arg, int window)
{
	struct user *user = arg;

	assert_int_equal(window, MQTT_OUT_WINDOW_MAX);
	user->ups++;
}

static void on_down(void *arg)
{
	((struct user *)arg)->downs++;
}

static bool on_puback(void *arg, int mid, int reason_code)
{
	struct user *user = arg;

	user->pubacks++;
	user->mid = mid;
	user->reason_code = reason_code;
	return user->takes;
}

static bool on_message(void *arg, const char *topic, const char *payload,
		       size_t len)
{
	struct user *user = arg;

	assert_string_equal(topic, "t");
	assert_true(len == 1 || len == LARGE);
	assert_int_equal(*payload, 'x');
	user->messages++;
	return user->takes;
}

static void on_granted(void *arg)
{
	((struct user *)arg)->granted++;
}

static bool on_ask(void *arg)
{
	struct user *user = arg;

	return ++user->asks == 1;
}

static void join(struct connection *c, struct user *user)
{
	user->joined = (struct mqtt_out_user){.up = on_up,
					      .down = on_down,
					      .puback = on_puback,
					      .granted = on_granted,
					      .message = on_message,
					      .arg = user};
	mqtt_out_join(c->mqtt_out, &user->joined);
}

/* --- the broker */

static void listen_somewhere(struct connection *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(c->listener, (void *)&at, len), 0);
	assert_int_equal(listen(c->listener, 1), 0);
	assert_int_equal(getsockname(c->listener, (void *)&at, &len), 0);
	c->config.mqtt.port = ntohs(at.sin_port);
}

static void wait_readable(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&readable, 1, DEADLINE_MS), 1);
}

/* Reads one packet that is shorter than 128 bytes: {type, rest...}. */
static void broker_reads(const struct connection *c, int type, uint8_t *rest)
{
	uint8_t head[2];

	wait_readable(c->broker);
	assert_int_equal(recv(c->broker, head, 2, MSG_WAITALL), 2);
	assert_int_equal(head[0] & 0xf0, type);
	assert_true(head[1] < 128);
	assert_int_equal(recv(c->broker, rest, head[1], MSG_WAITALL), head[1]);
}

static void broker_says(const struct connection *c, const void *packet,
			size_t len)
{
	uint32_t events;

	assert_int_equal(send(c->broker, packet, len, 0), len);
	wait_readable(mqtt_out_fd(c->mqtt_out, &events));
}

static void accept_connection(struct connection *c)
{
	static const uint8_t connack[] = {0x20, 3, 0, 0, 0};
	uint8_t rest[128];

	mqtt_out_turn(c->mqtt_out); /* connects */
	wait_readable(c->listener);
	c->broker = accept(c->listener, NULL, NULL);
	assert_true(c->broker >= 0);
	mqtt_out_turn(c->mqtt_out); /* sends CONNECT now or before */
	broker_reads(c, 0x10, rest);
	broker_says(c, connack, sizeof(connack));
}

static void connect_to_broker(struct connection *c)
{
	accept_connection(c);
	while (!mqtt_out_connected(c->mqtt_out))
		mqtt_out_turn(c->mqtt_out);
}

/* At once and without closing properly, so that the next write fails. */
static void broker_dies(struct connection *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	assert_int_equal(
		setsockopt(c->broker, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
		0);
	close(c->broker);
	c->broker = -1;
}

static int setup(void **state)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct ztp_error error = {0};

	assert_non_null(c);
	c->broker = -1;
	listen_somewhere(c);
	c->config.mqtt.host = (char *)(uintptr_t) "127.0.0.1";
	c->config.mqtt.url = (char *)(uintptr_t) "mqtt://127.0.0.1";
	c->config.mqtt.client_id = (char *)(uintptr_t) "unit";
	c->config.mqtt.username = c->config.mqtt.password =
		(char *)(uintptr_t) "";
	c->config.mqtt.version = 5;
	c->config.mqtt.keepalive_ms = 60000;
	log_init(&c->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	c->core.config = &c->config;
	c->core.log = &c->log;
	c->core.now = 1;
	assert_int_equal(mqtt_out_new(&c->mqtt_out, &c->core, &error), 0);
	join(c, &c->first);
	join(c, &c->second);
	connect_to_broker(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct connection *c = *state;

	mqtt_out_stop(c->mqtt_out);
	mqtt_out_free(c->mqtt_out);
	if (c->broker >= 0)
		close(c->broker);
	close(c->listener);
	free(c);
	return 0;
}

/* --- */

static void both_are_told_of_the_connection(void **state)
{
	struct connection *c = *state;

	assert_int_equal(c->first.ups, 1);
	assert_int_equal(c->second.ups, 1);
	mqtt_out_reconnect(c->mqtt_out);
	assert_int_equal(c->first.downs, 1);
	assert_int_equal(c->second.downs, 1);
}

static void a_puback_is_for_one(void **state)
{
	struct connection *c = *state;
	uint8_t puback[] = {0x40, 3, 0, 0, 0x10}, rest[128];
	int mid = 0;

	c->first.takes = true;
	assert_int_equal(mqtt_out_publish(c->mqtt_out, &mid, "t", "x", 1, NULL),
			 0);
	mqtt_out_flush(c->mqtt_out);
	broker_reads(c, 0x30, rest);
	puback[2] = (uint8_t)(mid >> 8);
	puback[3] = (uint8_t)mid;
	broker_says(c, puback, sizeof(puback));
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.pubacks, 1);
	assert_int_equal(c->first.mid, mid);
	assert_int_equal(c->first.reason_code, 0x10);
	assert_int_equal(c->second.pubacks, 0);
}

static void a_message_goes_to_who_takes_it(void **state)
{
	static const uint8_t message[] = {0x30, 5, 0, 1, 't', 0, 'x'};
	struct connection *c = *state;

	broker_says(c, message, sizeof(message));
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.messages, 1);
	assert_int_equal(c->second.messages, 1);
	c->first.takes = true;
	broker_says(c, message, sizeof(message));
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.messages, 2);
	assert_int_equal(c->second.messages, 1);
}

/* Who sends much does not keep the loop from everything else. */
static void a_turn_hears_so_many_bytes(void **state)
{
	static uint8_t message[4 + 4 + LARGE] = {0x30,
						 ((LARGE + 4) & 127) | 128,
						 ((LARGE + 4) >> 7 & 127) | 128,
						 (LARGE + 4) >> 14,
						 0,
						 1,
						 't',
						 0};
	struct connection *c = *state;
	int sent, before = 0;

	memset(message + 8, 'x', LARGE);
	for (sent = 0; sent < 10; sent++)
		broker_says(c, message, sizeof(message));
	while (c->first.messages < sent) {
		uint32_t events;

		wait_readable(mqtt_out_fd(c->mqtt_out, &events));
		mqtt_out_turn(c->mqtt_out);
		assert_in_range(c->first.messages - before, 0, 5);
		before = c->first.messages;
	}
}

static void a_loss_while_publishing_is_told_by_the_turn(void **state)
{
	struct connection *c = *state;
	int mid;

	broker_dies(c);
	/* The first may still fit into the socket's buffer. */
	(void)mqtt_out_publish(c->mqtt_out, &mid, "t", "x", 1, NULL);
	mqtt_out_flush(c->mqtt_out);
	(void)mqtt_out_publish(c->mqtt_out, &mid, "t", "x", 1, NULL);
	mqtt_out_flush(c->mqtt_out);
	assert_int_equal(c->first.downs, 0);
	assert_true(mqtt_out_next(c->mqtt_out) <= c->core.now);
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.downs, 1);
	assert_int_equal(c->second.downs, 1);
	assert_false(mqtt_out_connected(c->mqtt_out));
	assert_true(mqtt_out_next(c->mqtt_out) > c->core.now);
}

/* The broker may hold back one acknowledgement for ever. */
static void a_late_puback_ends_the_connection(void **state)
{
	struct connection *c = *state;
	int first = 0, second = 0;

	assert_int_equal(
		mqtt_out_publish(c->mqtt_out, &first, "t", "x", 1, NULL), 0);
	c->core.now += 29999;
	assert_int_equal(
		mqtt_out_publish(c->mqtt_out, &second, "t", "x", 1, NULL), 0);
	mqtt_out_turn(c->mqtt_out);
	assert_true(mqtt_out_connected(c->mqtt_out));
	c->core.now += 1;
	mqtt_out_turn(c->mqtt_out);
	assert_false(mqtt_out_connected(c->mqtt_out));
	assert_int_equal(c->first.downs, 1);
	assert_true(mqtt_out_next(c->mqtt_out) <= c->core.now + 1000);
}

static void questions_come_first(void **state)
{
	struct connection *c = *state;
	struct user asker = {0};

	asker.joined = (struct mqtt_out_user){.ask = on_ask, .arg = &asker};
	mqtt_out_join(c->mqtt_out, &asker.joined);
	mqtt_out_reconnect(c->mqtt_out);
	close(c->broker);
	accept_connection(c);
	while (asker.asks == 0)
		mqtt_out_turn(c->mqtt_out);
	assert_false(mqtt_out_connected(c->mqtt_out));
	assert_int_equal(c->first.ups, 1); /* of the first connection */
	assert_int_equal(mqtt_out_publish(c->mqtt_out, NULL, "t", "x", 1, NULL),
			 0);
	mqtt_out_asked(c->mqtt_out);
	assert_true(mqtt_out_connected(c->mqtt_out));
	assert_int_equal(c->first.ups, 2);
}

static void questions_without_an_answer_hold_nobody_up(void **state)
{
	struct connection *c = *state;
	struct user asker = {0};

	asker.joined = (struct mqtt_out_user){.ask = on_ask, .arg = &asker};
	mqtt_out_join(c->mqtt_out, &asker.joined);
	mqtt_out_reconnect(c->mqtt_out);
	close(c->broker);
	accept_connection(c);
	while (asker.asks == 0)
		mqtt_out_turn(c->mqtt_out);
	c->core.now += 2000;
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.ups, 2);
}

/* --- without a lease */

static bool has_more(const struct connection *c)
{
	uint32_t events = 0;

	return mqtt_out_fd(c->mqtt_out, &events) >= 0 && (events & EPOLLOUT);
}

/* Everything that comes within a moment. */
static size_t broker_takes(const struct connection *c)
{
	struct pollfd readable = {.fd = c->broker, .events = POLLIN};
	static char bytes[LARGE];
	size_t all = 0;
	ssize_t n = 1;

	while (n > 0 && poll(&readable, 1, 100) == 1) {
		n = recv(c->broker, bytes, sizeof(bytes), 0);
		all += n > 0 ? (size_t)n : 0;
	}
	return all;
}

/* More than the sockets hold. */
static void publish_too_much(const struct connection *c)
{
	static char text[8 * LARGE];
	int i;

	for (i = 0; i < MQTT_OUT_WINDOW_MAX && !has_more(c); i++)
		assert_int_equal(mqtt_out_publish(c->mqtt_out, NULL, "t", text,
						  sizeof(text), NULL),
				 0);
	assert_true(has_more(c));
}

static void what_is_left_waits_for_the_lease(void **state)
{
	static const uint8_t message[] = {0x32, 7, 0, 1, 't', 0, 1, 0, 'x'};
	struct connection *c = *state;

	publish_too_much(c);
	c->core.no_lease = true;
	broker_takes(c);
	broker_says(c, message, sizeof(message));
	c->core.now += 1000; /* a keepalive would be due */
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(broker_takes(c), 0);
	assert_int_equal(c->first.messages, 0);
	assert_true(mqtt_out_next(c->mqtt_out) > c->core.now);
	c->core.no_lease = false;
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.messages, 1);
	assert_true(broker_takes(c) > 0);
}

static void it_stops_without_a_word(void **state)
{
	struct connection *c = *state;

	publish_too_much(c);
	c->core.no_lease = true;
	broker_takes(c);
	mqtt_out_stop(c->mqtt_out);
	assert_int_equal(broker_takes(c), 0);
}

static void without_a_lease_it_still_hears(void **state)
{
	static const uint8_t message[] = {0x30, 5, 0, 1, 't', 0, 'x'};
	struct connection *c = *state;

	c->core.no_lease = true;
	broker_says(c, message, sizeof(message));
	mqtt_out_turn(c->mqtt_out);
	assert_int_equal(c->first.messages, 1);
}

/* The SUBSCRIBE is answered so. */
static void broker_grants(struct connection *c, uint8_t code)
{
	uint8_t suback[] = {0x90, 4, 0, 0, 0, code}, rest[128];

	mqtt_out_turn(c->mqtt_out);
	broker_reads(c, 0x80, rest);
	memcpy(suback + 2, rest, 2);
	broker_says(c, suback, sizeof(suback));
	mqtt_out_turn(c->mqtt_out);
}

static void what_is_granted_late_is_told(void **state)
{
	struct connection *c = *state;

	assert_int_equal(mqtt_out_subscribe(c->mqtt_out, "a", 1, true), 0);
	broker_grants(c, 1);
	assert_int_equal(mqtt_out_subscribe(c->mqtt_out, "b", 1, true), 0);
	broker_grants(c, 0x87);
	assert_int_equal(c->first.granted, 0);
	c->core.now += 3000;
	broker_grants(c, 1);
	assert_int_equal(c->first.granted, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(both_are_told_of_the_connection),
		T(a_puback_is_for_one),
		T(a_message_goes_to_who_takes_it),
		T(a_turn_hears_so_many_bytes),
		T(a_loss_while_publishing_is_told_by_the_turn),
		T(a_late_puback_ends_the_connection),
		T(questions_come_first),
		T(questions_without_an_answer_hold_nobody_up),
		T(what_is_left_waits_for_the_lease),
		T(it_stops_without_a_word),
		T(without_a_lease_it_still_hears),
		T(what_is_granted_late_is_told),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_out", tests, NULL,
					   NULL);
}
