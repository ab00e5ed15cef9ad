/*
 * Whom the gate tells what. It may have one topic for each subscription
 * (plugin_opt_pending_topic, plugin_opt_subscribed_topic), so that cells do not
 * hear of each other's devices.
 */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define BELOW_MAX (sizeof(ZTP_MQTT_SUBSCRIBED "/") + ZTP_ID_MAX)

/* Neither is longer than there is room for. */
static void below(char out[BELOW_MAX], const char *topic, const char *id)
{
	(void)snprintf(out, BELOW_MAX, "%s/%s", topic, id);
}

/* A topic for each subscription that we serve; if that is none in particular,
 * a filter for all. */
int registrar_topics_new(struct registrar *g)
{
	const struct config_list *ours = &g->core->config->mqtt.subscriptions;
	size_t count = ours->count > 0 ? ours->count : 1;

	g->told = calloc(count, BELOW_MAX);
	if (!g->told)
		return ZTP_ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		below(g->told + i * BELOW_MAX, ZTP_MQTT_SUBSCRIBED,
		      ours->count > 0 ? ours->items[i] : "+");
	g->told_count = count;
	return 0;
}

int registrar_topics_subscribe(struct registrar *g)
{
	struct mqtt_out *mqtt_out = g->mqtt_out;
	int rc = mqtt_out_subscribe(mqtt_out, ZTP_MQTT_RESPONSE, 1, true);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mqtt_out_subscribe(mqtt_out, ZTP_MQTT_SUBSCRIBED, 0, true);
	for (size_t i = 0; rc == MOSQ_ERR_SUCCESS && i < g->told_count; i++)
		rc = mqtt_out_subscribe(mqtt_out, g->told + i * BELOW_MAX, 0,
					false);
	return rc;
}

bool registrar_topics_is_subscribed(const char *topic)
{
	size_t len = strlen(ZTP_MQTT_SUBSCRIBED);

	return strncmp(topic, ZTP_MQTT_SUBSCRIBED, len) == 0 &&
	       (topic[len] == '\0' || topic[len] == '/');
}

/* --- is what we take what the gate gives? */

static bool takes(const struct config_mqtt *mqtt, const char *topic)
{
	for (size_t i = 0; i < mqtt->pending_topics.count; i++)
		if (strcmp(mqtt->pending_topics.items[i], topic) == 0)
			return true;
	return false;
}

/* Whose candidates we would not hear of; NULL: nobody's. */
static const char *unheard(const struct config_mqtt *mqtt, const char *gives)
{
	const struct config_list *ours = &mqtt->subscriptions;
	char topic[BELOW_MAX];

	if (strcmp(gives, ZTP_MQTT_PENDING ZTP_MQTT_APART) != 0)
		return takes(mqtt, gives) ? NULL : "all";
	for (size_t i = 0; i < ours->count; i++) {
		below(topic, ZTP_MQTT_PENDING, ours->items[i]);
		if (!takes(mqtt, topic))
			return ours->items[i];
	}
	return ours->count == 0 && takes(mqtt, ZTP_MQTT_PENDING) ? "all" : NULL;
}

void registrar_topics_check(struct registrar *g, const cJSON *info)
{
	const char *gives = ztp_tree_text(info, ZTP_M_PENDING_TOPIC);
	const char *whose = *gives ? unheard(&g->core->config->mqtt, gives)
				   : NULL; /* an older gate */

	if (whose)
		log_error(g->core->log, "gate_unheard",
			  LOG_STR("gate_pending_topic", gives),
			  LOG_STR("subscription", whose),
			  LOG_STR("hint", "mqtt.pending_topic names another "
					  "topic: no device comes through"));
}
