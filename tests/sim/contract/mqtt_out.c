/* The second connection: commands by libmosquitto, and what the broker says of
 * them. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>
#include <sys/epoll.h>

#include "tests/sim/contract/contract.h"

#define CLIENT	"contract-out"
#define TOLD	"ztp/v1/subscribed"
#define COMMAND "subscriptions/acme/registries/plant-7/devices/d00000/commands"
#define WAIT_MS 30000

struct out {
	struct mosquitto *mosq;
	int epoll_fd, messages, pubacks, code, ends;
	int subacks, mid, granted;
	bool up;
	uint16_t window;
};

static void on_connect(struct mosquitto *mosq, void *arg, int rc, int flags,
		       const mosquitto_property *properties)
{
	struct out *out = arg;

	(void)mosq;
	(void)flags;
	CHECK_SAME(rc, 0);
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
				      &out->window, false);
	out->up = true;
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int rc,
			  const mosquitto_property *properties)
{
	struct out *out = arg;

	(void)mosq;
	(void)properties;
	CHECK(rc != 0);
	out->up = false;
	out->ends++;
}

static void on_publish(struct mosquitto *mosq, void *arg, int mid, int rc,
		       const mosquitto_property *properties)
{
	struct out *out = arg;

	(void)mosq;
	(void)mid;
	(void)properties;
	out->pubacks++;
	out->code = rc;
}

static void on_suback(struct mosquitto *mosq, void *arg, int mid, int count,
		      const int *granted, const mosquitto_property *properties)
{
	struct out *out = arg;

	(void)mosq;
	(void)properties;
	CHECK_SAME(count, 1);
	out->subacks++;
	out->mid = mid;
	out->granted = *granted;
}

static void on_message(struct mosquitto *mosq, void *arg,
		       const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	(void)mosq;
	(void)message;
	(void)properties;
	((struct out *)arg)->messages++;
}

/* --- */

static bool is_readable(struct out *out, int ms)
{
	struct epoll_event event;

	return epoll_wait(out->epoll_fd, &event, 1, ms) > 0 &&
	       (event.events & EPOLLIN) != 0;
}

/* False: the connection is no more. */
static bool turn(struct out *out, int ms)
{
	int rc = MOSQ_ERR_SUCCESS;

	if (is_readable(out, ms))
		rc = mosquitto_loop_read(out->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(out->mosq))
		rc = mosquitto_loop_write(out->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_loop_misc(out->mosq);
	return rc == MOSQ_ERR_SUCCESS;
}

static void turn_until(struct out *out, const int *value, int least)
{
	int ms;

	for (ms = WAIT_MS; ms > 0 && *value < least; ms -= 10)
		turn(out, 10);
	CHECK(*value >= least);
}

static void connect_out(struct out *out)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ms;

	CHECK_SAME(mosquitto_connect_async(out->mosq, "127.0.0.1",
					   stage_mqtt_port(), 60),
		   MOSQ_ERR_SUCCESS);
	out->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	CHECK_SAME(epoll_ctl(out->epoll_fd, EPOLL_CTL_ADD,
			     mosquitto_socket(out->mosq), &event),
		   0);
	for (ms = WAIT_MS; ms > 0 && !out->up; ms -= 10)
		turn(out, 10);
	CHECK(out->up);
}

static void begin(struct out *out, int version)
{
	memset(out, 0, sizeof(*out));
	CHECK_SAME(mosquitto_lib_init(), MOSQ_ERR_SUCCESS);
	stage_mqtt(0, version);
	out->mosq = mosquitto_new(CLIENT, true, out);
	CHECK(out->mosq);
	CHECK_SAME(mosquitto_int_option(out->mosq, MOSQ_OPT_PROTOCOL_VERSION,
					version == 5 ? MQTT_PROTOCOL_V5
						     : MQTT_PROTOCOL_V311),
		   MOSQ_ERR_SUCCESS);
	mosquitto_connect_v5_callback_set(out->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(out->mosq, on_disconnect);
	mosquitto_publish_v5_callback_set(out->mosq, on_publish);
	mosquitto_message_v5_callback_set(out->mosq, on_message);
	connect_out(out);
}

/* The reason code of its PUBACK. */
static int publish(struct out *out)
{
	int mid;

	CHECK_SAME(mosquitto_publish_v5(out->mosq, &mid, COMMAND, 2, "{}", 1,
					false, NULL),
		   MOSQ_ERR_SUCCESS);
	turn_until(out, &out->pubacks, out->pubacks + 1);
	return out->code;
}

static void listen_to(struct out *out)
{
	int turns;

	CHECK_SAME(mosquitto_subscribe(out->mosq, NULL, TOLD, 0),
		   MOSQ_ERR_SUCCESS);
	for (turns = 0; turns < 50; turns++) /* SUBACK is not told here */
		turn(out, 10);
}

/* --- */

static void nobody_subscribed_is_told(void)
{
	struct out out;

	begin(&out, 5);
	CHECK_SAME(publish(&out), MQTT_RC_NO_MATCHING_SUBSCRIBERS);
	stage_subscriber(COMMAND, false);
	CHECK_SAME(publish(&out), 0);
}

static void session_without_a_client_is_a_subscriber(void)
{
	struct out out;

	begin(&out, 5);
	stage_subscriber(COMMAND, true);
	CHECK_SAME(publish(&out), 0);
}

static void three_is_told_nothing(void)
{
	struct out out;

	begin(&out, 3);
	CHECK_SAME(publish(&out), 0);
}

static void connack_tells_the_window(void)
{
	struct out out;

	begin(&out, 5);
	CHECK_SAME(out.window, 20);
}

static void subscription_is_answered(void)
{
	struct out out;
	int mid;

	begin(&out, 5);
	mosquitto_subscribe_v5_callback_set(out.mosq, on_suback);
	CHECK_SAME(mosquitto_subscribe(out.mosq, &mid, TOLD, 0),
		   MOSQ_ERR_SUCCESS);
	turn_until(&out, &out.subacks, 1);
	CHECK_SAME(out.mid, mid);
	CHECK_SAME(out.granted, 0);
}

/* One for each call while nothing is unacknowledged, and the rest stays. */
static void one_packet_is_read_at_a_time(void)
{
	struct out out;
	int n;

	begin(&out, 5);
	listen_to(&out);
	for (n = 0; n < 3; n++)
		CHECK(stage_publish(TOLD, "{}", 0));
	contract_sleep(500);
	for (n = 1; n <= 3; n++) {
		CHECK(is_readable(&out, WAIT_MS));
		CHECK_SAME(mosquitto_loop_read(out.mosq, 100), 0);
		CHECK_SAME(out.messages, n);
	}
}

static void qos_0_is_lost_with_a_connection(void)
{
	struct out out;
	int turns;

	begin(&out, 5);
	listen_to(&out);
	CHECK(stage_publish(TOLD, "{}", 0));
	turn_until(&out, &out.messages, 1);
	stage_cut(false);
	turn_until(&out, &out.ends, 1);
	(void)stage_publish(TOLD, "{}", 0);
	connect_out(&out);
	listen_to(&out);
	for (turns = 0; turns < 100; turns++)
		turn(&out, 10);
	CHECK_SAME(out.messages, 1);
}

const struct assertion mqtt_out_assertions[] = {
	{"nobody_subscribed_is_told", nobody_subscribed_is_told},
	{"session_without_a_client_is_a_subscriber",
	 session_without_a_client_is_a_subscriber},
	{"three_is_told_nothing", three_is_told_nothing},
	{"connack_tells_the_window", connack_tells_the_window},
	{"subscription_is_answered", subscription_is_answered},
	{"one_packet_is_read_at_a_time", one_packet_is_read_at_a_time},
	{"qos_0_is_lost_with_a_connection", qos_0_is_lost_with_a_connection},
	{NULL, NULL},
};
