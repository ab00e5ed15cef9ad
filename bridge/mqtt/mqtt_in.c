#include "bridge/mqtt/mqtt_in_internal.h"

#include <MQTTAsync.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp/gate_protocol.h"

#define STUCK_MS   20000 /* paho has not reported the result of a step */
#define SCOUT_MS   1000	 /* at the start, to wait for the other connection */
#define CLOSING_MS 10	 /* until paho has disconnected, or there is a lease */
#define REFUSED	   0x80	 /* the least of SUBACK's codes that is no success */

static void disconnect(struct mqtt_in *in)
{
	mqtt_link_disconnect(in->link);
	in->phase = PHASE_DOWN;
}

static int own_keepalive(const struct mqtt_in *in)
{
	return (int)(in->core->config->mqtt.keepalive_ms / 1000);
}

static void log_lost(struct mqtt_in *in, int code, const char *why)
{
	log_warn(in->core->log, "mqtt_lost", LOG_STR("connection", "in"),
		 LOG_STR("url", in->core->config->mqtt.url),
		 LOG_INT("reason_code", code), LOG_STR("error", why));
}

/* --- the steps to a connection */

static void refuse(struct mqtt_in *in, int code, const char *why)
{
	/* Without a CONNACK, paho reports a closed connection and an
	 * unreachable address alike; mqtt_out, which connects to the same
	 * address, can tell them apart. */
	in->refusal = in->phase == PHASE_CONNECTING ? refusal_of(code)
						    : REFUSAL_OTHER;
	refusal_log(in->core, in->refusals, "in", in->refusal, code, why);
	if (in->phase == PHASE_SUBSCRIBING) { /* it was connected */
		core_lost(in->core);
		disconnect(in);
	}
	in->phase = PHASE_DOWN;
	reconnect_refused(&in->reconnect, in->core->now);
}

static void connect_now(struct mqtt_in *in)
{
	int rc;

	in->phase = PHASE_CONNECTING;
	in->stuck_at = in->core->now + STUCK_MS;
	name_tell_all(in->host);
	rc = mqtt_link_connect(in->link, in->keepalive_s);
	if (rc != MQTTASYNC_SUCCESS)
		refuse(in, rc, MQTTAsync_strerror(rc));
}

static void look_up(struct mqtt_in *in)
{
	switch (name_look_up(in->host)) {
	case NAME_FOUND:
		connect_now(in);
		break;
	case NAME_UNKNOWN:
		refuse(in, MQTTASYNC_FAILURE, name_error(in->host));
		break;
	case NAME_WAITS:
		break;
	}
}

static const char *last_left(const struct mqtt_in *in)
{
	return in->filters.left[in->filters.left_count - 1];
}

/* Asks for the next filter, or gives up the next of those that are left from an
 * earlier configuration. */
static void subscribe(struct mqtt_in *in)
{
	const struct granted_filter *next = &in->filters.asked[in->next_filter];
	int rc;

	in->phase = PHASE_SUBSCRIBING;
	in->stuck_at = in->core->now + STUCK_MS;
	if (in->next_filter < in->filters.count)
		rc = mqtt_link_subscribe(in->link, next->filter, next->qos);
	else
		rc = mqtt_link_unsubscribe(in->link, last_left(in));
	if (rc != MQTTASYNC_SUCCESS)
		refuse(in, rc, MQTTAsync_strerror(rc));
}

/* The broker forgets a session that has expired, or everything when it is
 * restarted without persistence. */
static void note_session(struct mqtt_in *in, bool present)
{
	if (in->had_session && !present)
		log_warn(in->core->log, "mqtt_session_lost",
			 LOG_STR("connection", "in"),
			 LOG_STR("hint", "events published since the "
					 "connection was lost may be lost"));
	in->had_session = true;
}

static void on_connected(struct mqtt_in *in, const struct connack *given)
{
	struct connack asked = CONNACK_NOTHING;

	/* It may have been given up, and so may the lease that it was asked for
	 * with. */
	if (in->phase != PHASE_CONNECTING || !core_may_connect(in->core)) {
		if (in->phase == PHASE_CONNECTING)
			reconnect_plan(&in->reconnect, in->core->now);
		disconnect(in);
		return;
	}
	name_worked(in->host);
	asked.keepalive = in->keepalive_s;
	if (in->core->config->mqtt.version == 5)
		asked.session_expiry = UINT32_MAX;
	granted_connack(&in->granted, in->core, &asked, given);
	note_session(in, given->session_present);
	/* paho goes on with its own, and the broker would end the connection
	 * for its silence. */
	if (given->keepalive > 0 && given->keepalive < in->keepalive_s) {
		in->keepalive_s = (int)given->keepalive;
		disconnect(in);
		reconnect_plan(&in->reconnect, in->core->now);
		return;
	}
	in->next_filter = 0;
	in->audits_alone = false;
	subscribe(in);
}

static void on_up(struct mqtt_in *in)
{
	const struct config_mqtt *mqtt = &in->core->config->mqtt;

	in->phase = PHASE_UP;
	in->refusal = REFUSAL_OTHER;
	reconnect_up(&in->reconnect, in->core->now);
	log_info(in->core->log, "mqtt_connected", LOG_STR("connection", "in"),
		 LOG_STR("url", mqtt->url),
		 LOG_STR("topic", mqtt->pending_topics.items[0]),
		 LOG_INT("topics", (int64_t)mqtt->pending_topics.count));
}

static void go_on(struct mqtt_in *in)
{
	if (in->next_filter < in->filters.count || in->filters.left_count > 0)
		subscribe(in);
	else
		on_up(in);
}

/* A refused subscription is asked for again with a connection of its own, less
 * and less often. */
static void on_suback(struct mqtt_in *in, int code)
{
	struct granted_filter *filter = &in->filters.asked[in->next_filter];

	if (in->phase != PHASE_SUBSCRIBING ||
	    in->next_filter == in->filters.count)
		return;
	if (!granted_suback(&in->granted, in->core, filter, code)) {
		disconnect(in);
		reconnect_refused(&in->reconnect, in->core->now);
		return;
	}
	in->next_filter++;
	go_on(in);
}

/* Who refuses to end a subscription goes on with it: its events are taken, or
 * are of another bridge's devices. code: 0, or why it was refused. */
static void on_unsuback(struct mqtt_in *in, int code)
{
	const char *filter;

	if (in->phase != PHASE_SUBSCRIBING ||
	    in->next_filter < in->filters.count)
		return;
	filter = last_left(in);
	if (code != 0)
		log_warn(in->core->log, "mqtt_unsubscribe_refused",
			 LOG_STR("topic", filter),
			 LOG_INT("reason_code", code));
	else
		log_info(in->core->log, "mqtt_unsubscribed",
			 LOG_STR("topic", filter));
	filters_left_done(&in->filters);
	in->unsubscribed = true;
	go_on(in);
}

/* --- the news */

static void on_lost(struct mqtt_in *in, const struct mqtt_link_news *news)
{
	bool up = in->phase == PHASE_UP;

	if (in->phase == PHASE_DOWN)
		return; /* we disconnected ourselves */
	log_lost(in, news->code, news->why);
	in->phase = PHASE_DOWN;
	core_lost(in->core);
	if (!up)
		reconnect_up(&in->reconnect, in->core->now);
	if (!reconnect_lost(&in->reconnect, in->core->now, news->taken_over,
			    !up || news->code >= REFUSED))
		return;
	in->refusal = refusal_log_taken_over(in->core, "in",
					     in->core->config->mqtt.client_id,
					     news->taken_over);
}

static void on_refused(struct mqtt_in *in, const struct mqtt_link_news *news)
{
	if (in->phase == PHASE_SUBSCRIBING && news->code >= REFUSED &&
	    in->next_filter == in->filters.count)
		on_unsuback(in, news->code);
	else if (in->phase == PHASE_SUBSCRIBING && news->code >= REFUSED)
		on_suback(in, news->code);
	else if (in->phase == PHASE_CONNECTING ||
		 in->phase == PHASE_SUBSCRIBING)
		refuse(in, news->code, news->why);
	else if (in->phase == PHASE_UP && news->code < REFUSED)
		on_lost(in, news); /* instead of its own news */
}

static void on_news(struct mqtt_in *in)
{
	struct mqtt_link_news news;

	mqtt_link_take(in->link, &news);
	switch (news.state) {
	case LINK_CONNECTED:
		on_connected(in, &news.connack);
		break;
	case LINK_SUBSCRIBED:
		on_suback(in, news.code);
		break;
	case LINK_UNSUBSCRIBED:
		on_unsuback(in, 0);
		break;
	case LINK_REFUSED:
		on_refused(in, &news);
		break;
	case LINK_LOST:
		on_lost(in, &news);
		break;
	case LINK_NONE:
		break;
	}
}

void mqtt_in_collect(struct mqtt_in *in)
{
	int64_t at;

	on_news(in);
	at = in->phase == PHASE_DOWN ? in->reconnect.retry.at : in->stuck_at;
	if (mqtt_in_next(in) == 0 || in->core->stopping || in->core->now < at)
		return;
	/* paho would do this before the disconnection that it still owes. */
	if (in->phase == PHASE_DOWN &&
	    (!core_may_connect(in->core) || mqtt_link_is_open(in->link))) {
		name_forget(in->host);
		in->reconnect.retry.at = in->core->now + CLOSING_MS;
		return;
	}
	if (in->phase == PHASE_DOWN) {
		look_up(in);
		return;
	}
	log_warn(in->core->log, "mqtt_stuck", LOG_STR("connection", "in"),
		 LOG_STR("url", in->core->config->mqtt.url));
	core_lost(in->core);
	disconnect(in);
	reconnect_refused(&in->reconnect, in->core->now);
}

int64_t mqtt_in_next(const struct mqtt_in *in)
{
	if (in->paused || in->unstored || in->phase == PHASE_UP)
		return 0;
	return in->phase == PHASE_DOWN
		       ? name_next(in->host, in->reconnect.retry.at)
		       : in->stuck_at;
}

/* --- what it is told to do */

void mqtt_in_pause(struct mqtt_in *in, const char *why)
{
	if (in->paused)
		return;
	log_warn(in->core->log, "intake_paused", LOG_STR("reason", why));
	in->paused = true;
	name_forget(in->host);
	if (in->phase != PHASE_DOWN)
		disconnect(in);
}

void mqtt_in_resume(struct mqtt_in *in)
{
	if (!in->paused)
		return;
	log_info(in->core->log, "intake_resumed");
	in->paused = false;
	in->phase = PHASE_DOWN;
	reconnect_plan(&in->reconnect, in->core->now + 1);
}

/* One that waits for its CONNACK cannot be disconnected, but as soon as that is
 * there. */
void mqtt_in_lease_over(struct mqtt_in *in)
{
	if (!mqtt_link_is_open(in->link))
		return;
	if (in->phase != PHASE_DOWN) {
		log_lost(in, 0, "left, since kafka takes no turn");
		core_lost(in->core);
		reconnect_plan(&in->reconnect, in->core->now);
	}
	disconnect(in);
}

/* A CONNECT that is under way ends with its client only. */
void mqtt_in_stop(struct mqtt_in *in)
{
	mqtt_link_free(in->link);
	in->link = NULL;
	in->phase = PHASE_DOWN;
}

bool mqtt_in_paused(const struct mqtt_in *in)
{
	return in->paused;
}

bool mqtt_in_closed(const struct mqtt_in *in)
{
	return in->paused && !mqtt_link_is_open(in->link);
}

const char *mqtt_in_problem(const struct mqtt_in *in)
{
	const char *granted = granted_problem(&in->granted, in->filters.asked,
					      (size_t)in->filters.count);
	const char *refused =
		refusal_text(in->refusal, &in->core->config->mqtt);

	if (in->phase == PHASE_UP)
		return granted;
	if (name_is_unanswered(in->host))
		return NAME_UNANSWERED;
	if (refused)
		return refused;
	return granted ? granted : MQTT_NOT_CONNECTED;
}

bool mqtt_in_connected(const struct mqtt_in *in)
{
	return in->phase == PHASE_UP;
}

void mqtt_in_reconnect(struct mqtt_in *in)
{
	in->keepalive_s = own_keepalive(in);
	if (in->paused)
		return;
	disconnect(in);
	reconnect_plan(&in->reconnect, in->core->now + 1);
}

int64_t mqtt_in_left_until(const struct mqtt_in *in)
{
	return reconnect_left_until(&in->reconnect, in->core->now);
}

void mqtt_in_leave(struct mqtt_in *in, int64_t until)
{
	if (in->phase != PHASE_DOWN) {
		log_lost(in, 0, MQTT_OTHER_TAKEN_OVER);
		disconnect(in);
	}
	reconnect_leave(&in->reconnect, until);
}

void mqtt_in_audits_alone(struct mqtt_in *in)
{
	if (in->phase != PHASE_UP || in->audits_alone)
		return;
	/* Otherwise records come twice as long as this connection lasts. */
	(void)mqtt_link_unsubscribe(in->link, ZTP_MQTT_AUDIT);
	in->audits_alone = true;
}

static void on_scouted(void *arg, int window)
{
	struct mqtt_in *in = arg;

	(void)window;
	if (in->phase == PHASE_DOWN)
		reconnect_hurry(&in->reconnect, in->core->now);
}

void mqtt_in_follow(struct mqtt_in *in, struct mqtt_out *mqtt_out)
{
	in->scout = (struct mqtt_out_user){.up = on_scouted, .arg = in};
	mqtt_out_join(mqtt_out, &in->scout);
}

/* --- */

int mqtt_in_new(struct mqtt_in **out, struct core *core,
		struct journal *journal, const char *filters, int wake_fd,
		int work_fd, struct ztp_error *error)
{
	struct mqtt_in *in = calloc(1, sizeof(*in));
	int rc;

	if (!in)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	in->core = core;
	in->keepalive_s = own_keepalive(in);
	granted_init(&in->granted, "in");
	reconnect_plan(&in->reconnect, core->now + SCOUT_MS);
	rc = filters_init(&in->filters, &core->config->mqtt, filters, error);
	if (rc == 0)
		rc = name_new(&in->host, core, "in", error);
	if (rc == 0)
		rc = mqtt_in_compare_filters(in, filters, error);
	if (rc == 0)
		rc = mqtt_link_new(&in->link, core, journal, wake_fd, work_fd,
				   error);
	if (rc != 0) {
		mqtt_in_free(in);
		return rc;
	}
	*out = in;
	return 0;
}

void mqtt_in_free(struct mqtt_in *in)
{
	if (!in)
		return;
	mqtt_link_free(in->link);
	name_free(in->host);
	filters_clear(&in->filters);
	free(in);
}
