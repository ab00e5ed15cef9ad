/*
 * The gate's answer is not a reply to the PUBLISH but a message of its own,
 * which Mosquitto sends in the next turn of its loop, after the PUBACK. So the
 * second question is published when the first has its PUBACK: when that one has
 * its own, a gate's answer has come, or there is no gate.
 */
#include "bridge/registrar/broker_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "base/random.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/control.h"
#include "ztp/member.h"

#define REFUSED	   0x80 /* the least reason code that is no success */
#define NOBODY	   0x10
#define ANSWER_MAX (64 * 1024)

enum stage { STAGE_NEW, STAGE_GATE, STAGE_NOBODY, STAGE_DONE };

struct broker_probe {
	struct core *core;
	struct mqtt_out *mqtt_out;
	struct mqtt_out_user user;
	enum stage stage;
	int mid; /* of the publish that awaits its PUBACK */
	enum broker_says gate, no_subscriber;
};

static bool ask_gate(struct broker_probe *p)
{
	struct control_message m;
	char *text;
	int rc;

	(void)mqtt_out_try_subscribe(p->mqtt_out, ZTP_MQTT_RESPONSE, 1);
	control_begin(&m);
	control_info(&m, "probe", NULL);
	text = m.failed ? NULL : cJSON_PrintUnformatted(m.root);
	cJSON_Delete(m.root);
	if (!text)
		return false;
	rc = mqtt_out_publish(p->mqtt_out, &p->mid, ZTP_MQTT_CONTROL, text,
			      strlen(text), NULL);
	cJSON_free(text);
	return rc == 0;
}

int broker_probe_publish(struct mqtt_out *mqtt_out, int *mid)
{
	char topic[sizeof(ZTP_MQTT_PROBE) + 32], hex[2 * 16 + 1];
	uint8_t random[16];

	ztp_random(random, sizeof(random));
	ztp_hex_encode(hex, random, sizeof(random));
	snprintf(topic, sizeof(topic), "%s%s", ZTP_MQTT_PROBE, hex);
	return mqtt_out_publish(mqtt_out, mid, topic, "", 0, NULL);
}

static void finish(struct broker_probe *p)
{
	p->stage = STAGE_DONE;
	log_info(p->core->log, "broker_asked",
		 LOG_STR("gate",
			 p->gate == BROKER_SAYS_YES ? "found" : "not found"),
		 LOG_STR("no_subscriber",
			 p->no_subscriber == BROKER_SAYS_YES  ? "told"
			 : p->no_subscriber == BROKER_SAYS_NO ? "not told"
							      : "unknown"));
	mqtt_out_asked(p->mqtt_out);
}

/* --- the connection */

static bool on_ask(void *arg)
{
	struct broker_probe *p = arg;

	if (p->stage != STAGE_NEW)
		return false;
	p->stage = ask_gate(p) ? STAGE_GATE : STAGE_DONE;
	return p->stage == STAGE_GATE;
}

static void on_gate_puback(struct broker_probe *p)
{
	p->stage = STAGE_NOBODY;
	if (broker_probe_publish(p->mqtt_out, &p->mid) != 0)
		finish(p);
}

static void on_nobody_puback(struct broker_probe *p, int reason_code)
{
	if (reason_code == NOBODY)
		p->no_subscriber = BROKER_SAYS_YES;
	else if (reason_code < REFUSED)
		p->no_subscriber = BROKER_SAYS_NO;
	if (p->no_subscriber == BROKER_SAYS_NO)
		log_warn(p->core->log, "mqtt_no_subscriber_untold",
			 LOG_INT("reason_code", reason_code),
			 LOG_STR("hint",
				 "the broker takes commands that nobody is "
				 "subscribed to, or somebody reads everything: "
				 "results say delivery: broker at most; see "
				 "mqtt.delivery_ack"));
	finish(p);
}

static bool on_puback(void *arg, int mid, int reason_code)
{
	struct broker_probe *p = arg;

	if (mid != p->mid)
		return false;
	if (p->stage == STAGE_GATE)
		on_gate_puback(p);
	else if (p->stage == STAGE_NOBODY)
		on_nobody_puback(p, reason_code);
	else
		return false;
	return true;
}

static void on_gate(struct broker_probe *p)
{
	if (p->gate == BROKER_SAYS_YES)
		return;
	p->gate = BROKER_SAYS_YES;
	log_error(p->core->log, "gate_found",
		  LOG_STR("hint", "the broker has a gate, which creates the "
				  "devices: set mqtt.registrar: gate"));
}

static bool on_message(void *arg, const char *topic, const char *text,
		       size_t len)
{
	struct broker_probe *p = arg;
	const cJSON *response;
	cJSON *tree = NULL;

	if (strcmp(topic, ZTP_MQTT_RESPONSE) != 0)
		return false;
	if (ztp_tree_parse(&tree, text, len, ANSWER_MAX, NULL) != 0)
		return true; /* somebody else's answer, or no gate's */
	cJSON_ArrayForEach (response, cJSON_GetObjectItemCaseSensitive(
					      tree, ZTP_M_RESPONSES))
		if (strcmp(ztp_tree_text(response, ZTP_M_COMMAND),
			   ZTP_CMD_GET_INFO) == 0)
			on_gate(p);
	cJSON_Delete(tree);
	return true;
}

/* Refused together with the connection: both stay as they are. */
static void on_down(void *arg)
{
	struct broker_probe *p = arg;

	if (p->stage == STAGE_GATE || p->stage == STAGE_NOBODY)
		log_info(p->core->log, "broker_unknown",
			 LOG_STR("hint", "the connection was lost when the "
					 "broker was asked what it can do"));
	p->stage = p->stage == STAGE_NEW ? STAGE_NEW : STAGE_DONE;
}

/* --- */

int broker_probe_new(struct broker_probe **out, struct core *core,
		     struct mqtt_out *mqtt_out, struct ztp_error *error)
{
	const struct config_mqtt *mqtt = &core->config->mqtt;
	struct broker_probe *p;

	*out = NULL;
	if (mqtt->version != 5 || mqtt->registrar != CONFIG_REGISTRAR_NONE)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	p->core = core;
	p->mqtt_out = mqtt_out;
	p->user = (struct mqtt_out_user){.ask = on_ask,
					 .down = on_down,
					 .puback = on_puback,
					 .message = on_message,
					 .arg = p};
	mqtt_out_join(mqtt_out, &p->user);
	*out = p;
	return 0;
}

void broker_probe_free(struct broker_probe *p)
{
	free(p);
}

enum broker_says broker_probe_gate(const struct broker_probe *p)
{
	return p ? p->gate : BROKER_SAYS_NOTHING;
}

enum broker_says broker_probe_no_subscriber(const struct broker_probe *p)
{
	return p ? p->no_subscriber : BROKER_SAYS_NOTHING;
}
