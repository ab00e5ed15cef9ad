#include "bridge/mqtt/mqtt_in.h"

#include <MQTTAsync.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "bridge/mqtt/mqtt_link.h"

#define RETRY_FIRST_MS 250
#define RETRY_MAX_MS   30000
#define TAKEN_OVER_MS  30000
#define STUCK_MS       20000 /* paho has not reported the result of a connect */

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_SUBSCRIBING, PHASE_UP };

struct mqtt_in {
	struct core *core;
	struct mqtt_link *link;
	enum phase phase;
	bool paused, taken_over;
	int64_t next, backoff;
	enum refusal refusal; /* of the last CONNECT */
	struct log_limit refusals[REFUSAL_KINDS];
};

static void retry_later(struct mqtt_in *in)
{
	uint32_t random;
	int64_t delay = in->backoff;

	ztp_random(&random, sizeof(random));
	in->backoff =
		in->backoff * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : in->backoff * 2;
	delay += (int64_t)(random % ((uint32_t)delay / 2 + 1));
	if (in->taken_over) {
		in->taken_over = false;
		log_error(
			in->core->log, "mqtt_taken_over",
			LOG_STR("client_id", in->core->config->mqtt.client_id),
			LOG_STR("hint", "another client uses this client id"));
		if (delay < TAKEN_OVER_MS)
			delay += TAKEN_OVER_MS;
	}
	in->phase = PHASE_DOWN;
	in->next = in->core->now + delay;
}

static void disconnect(struct mqtt_in *in)
{
	mqtt_link_disconnect(in->link);
	in->phase = PHASE_DOWN;
}

static void connect_now(struct mqtt_in *in)
{
	int rc;

	in->phase = PHASE_CONNECTING;
	in->next = in->core->now + STUCK_MS;
	rc = mqtt_link_connect(in->link);
	if (rc == MQTTASYNC_SUCCESS)
		return;
	log_warn(in->core->log, "mqtt_refused", LOG_STR("connection", "in"),
		 LOG_INT("code", rc), LOG_STR("error", MQTTAsync_strerror(rc)));
	retry_later(in);
}

static void on_subscribed(struct mqtt_in *in)
{
	const struct config_mqtt *mqtt = &in->core->config->mqtt;

	in->phase = PHASE_UP;
	in->backoff = RETRY_FIRST_MS;
	in->next = 0;
	in->refusal = REFUSAL_OTHER;
	log_info(in->core->log, "mqtt_connected", LOG_STR("connection", "in"),
		 LOG_STR("url", mqtt->url),
		 LOG_STR("topic", mqtt->pending_topic));
}

static void on_refused(struct mqtt_in *in, const struct mqtt_link_news *news)
{
	/* Without a CONNACK, paho reports a closed connection and an
	 * unreachable address alike; mqtt_out, which connects to the same
	 * address, can tell them apart. */
	in->refusal = in->phase == PHASE_CONNECTING ? refusal_of(news->code)
						    : REFUSAL_OTHER;
	refusal_log(in->core, in->refusals, "in", in->refusal, news->code,
		    news->why);
	if (in->phase == PHASE_SUBSCRIBING)
		disconnect(in);
	retry_later(in);
}

static void on_connected(struct mqtt_in *in)
{
	struct mqtt_link_news news = {.state = LINK_REFUSED};

	if (in->paused) {
		disconnect(in);
		return;
	}
	in->phase = PHASE_SUBSCRIBING;
	in->next = in->core->now + STUCK_MS;
	news.code = mqtt_link_subscribe(in->link);
	if (news.code == MQTTASYNC_SUCCESS)
		return;
	snprintf(news.why, sizeof(news.why), "%s",
		 MQTTAsync_strerror(news.code));
	on_refused(in, &news);
}

static void on_lost(struct mqtt_in *in, const struct mqtt_link_news *news)
{
	if (in->phase == PHASE_DOWN)
		return; /* we disconnected ourselves */
	log_warn(in->core->log, "mqtt_lost", LOG_STR("connection", "in"),
		 LOG_INT("reason_code", news->code),
		 LOG_STR("error", news->why));
	retry_later(in);
}

static void on_news(struct mqtt_in *in)
{
	struct mqtt_link_news news;

	mqtt_link_take(in->link, &news);
	in->taken_over = in->taken_over || news.taken_over;
	switch (news.state) {
	case LINK_CONNECTED:
		on_connected(in);
		break;
	case LINK_SUBSCRIBED:
		on_subscribed(in);
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
	on_news(in);
	if (in->paused || in->core->stopping || in->next == 0 ||
	    in->core->now < in->next)
		return;
	if (in->phase != PHASE_DOWN) {
		log_warn(in->core->log, "mqtt_stuck",
			 LOG_STR("connection", "in"));
		disconnect(in);
		retry_later(in);
		return;
	}
	connect_now(in);
}

int64_t mqtt_in_next(const struct mqtt_in *in)
{
	return in->paused ? 0 : in->next;
}

void mqtt_in_pause(struct mqtt_in *in, const char *why)
{
	if (in->paused)
		return;
	log_warn(in->core->log, "intake_paused", LOG_STR("reason", why));
	in->paused = true;
	if (in->phase != PHASE_DOWN)
		disconnect(in);
}

void mqtt_in_resume(struct mqtt_in *in)
{
	if (!in->paused)
		return;
	log_info(in->core->log, "intake_resumed");
	in->paused = false;
	in->backoff = RETRY_FIRST_MS;
	in->phase = PHASE_DOWN;
	in->next = in->core->now + 1;
}

bool mqtt_in_paused(const struct mqtt_in *in)
{
	return in->paused;
}

bool mqtt_in_connected(const struct mqtt_in *in)
{
	return in->phase == PHASE_UP;
}

enum refusal mqtt_in_refusal(const struct mqtt_in *in)
{
	return in->refusal;
}

void mqtt_in_reconnect(struct mqtt_in *in)
{
	if (in->paused)
		return;
	disconnect(in);
	in->backoff = RETRY_FIRST_MS;
	in->next = in->core->now + 1;
}

int mqtt_in_new(struct mqtt_in **out, struct core *core,
		struct journal *journal, int wake_fd, int work_fd, int timer_fd,
		struct ztp_error *error)
{
	struct mqtt_in *in = calloc(1, sizeof(*in));
	int rc;

	if (!in)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	in->core = core;
	in->backoff = RETRY_FIRST_MS;
	in->next = core->now;
	rc = mqtt_link_new(&in->link, core, journal, wake_fd, work_fd, timer_fd,
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
	free(in);
}
