/*
 * The gate's messages. A message is only recorded when it arrives (in ops and
 * subscribed). Its consequences are applied together with everything else in
 * the loop's turn (gate_answers.c).
 */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "bridge/core/cell.h"
#include "ztp/code.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define RESPONSE_MAX	(1024 * 1024)
#define CLOCKS_APART_MS 10000

/* --- messages */

static int64_t number_of(const cJSON *data, const char *name)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(data, name);

	return cJSON_IsNumber(number) && number->valuedouble >= 0 &&
			       number->valuedouble < 1e9
		       ? (int64_t)number->valuedouble
		       : 0;
}

/* A device's JWT is judged by the gate's clock, and its request expires by
 * ours. The answer has been on its way for a while. */
static void check_clock(struct registrar *g, const cJSON *data)
{
	const char *text = ztp_tree_text(data, ZTP_M_NOW);
	int64_t theirs, ahead;

	if (!ztp_time_parse(&theirs, text, strlen(text)))
		return; /* an older gate's */
	ahead = ztp_clock_wall() - theirs;
	if (ahead > CLOCKS_APART_MS || ahead < -CLOCKS_APART_MS)
		log_warn(g->core->log, "gate_clock_differs",
			 LOG_INT("ahead_ms", ahead),
			 LOG_STR("hint", "this machine's clock and the "
					 "broker's differ: synchronize both"));
}

/* getInfo was refused: us, or everybody. */
static void no_info(struct registrar *g, const cJSON *response)
{
	const char *code = ztp_tree_text(response, ZTP_M_CODE);

	if (!g->denied && strcmp(code, ZTP_CODE_PERMISSION_DENIED) != 0)
		log_error(
			g->core->log, "gate_unavailable", LOG_STR("code", code),
			LOG_STR("error", ztp_tree_text(response, ZTP_M_ERROR)),
			LOG_STR("hint", "the broker's log says more"));
	else if (!g->denied)
		registrar_log_denied(g, 0);
	registrar_hold(g);
}

static void on_info(struct registrar *g, const cJSON *response)
{
	const cJSON *data =
		cJSON_GetObjectItemCaseSensitive(response, ZTP_M_DATA);
	const char *topic = ztp_tree_text(data, ZTP_M_COMMAND_TOPIC);
	const char *ours = g->core->config->mqtt.command_topic;
	bool agrees = strcmp(topic, ours) == 0;

	g->info_by = 0;
	if (strcmp(ztp_tree_text(response, ZTP_M_CODE), ZTP_CODE_OK) != 0 &&
	    !data) {
		no_info(g, response);
		return;
	}
	if (!g->informed || agrees != g->agrees) {
		if (agrees)
			log_info(g->core->log, "gate_connected",
				 LOG_STR("version",
					 ztp_tree_text(data, "version")));
		else
			log_error(g->core->log, "gate_disagrees",
				  LOG_STR("gate_command_topic", topic),
				  LOG_STR("command_topic", ours));
	}
	if (!g->informed)
		check_clock(g, data);
	if (!g->informed)
		registrar_topics_check(g, data);
	if (!g->informed)
		registrar_bounds(g, number_of(data, ZTP_M_MAX_COMMANDS),
				 number_of(data, ZTP_M_MAX_BYTES));
	g->audits = strcmp(ztp_tree_text(data, ZTP_M_AUDITS_TOPIC),
			   ZTP_MQTT_AUDITS) == 0;
	g->oldest_unacked_s = number_of(data, ZTP_M_OLDEST_UNACKED);
	g->informed = true;
	g->denied = false;
	g->agrees = agrees;
}

static void on_response(struct registrar *g, const cJSON *response)
{
	const char *correlation = ztp_tree_text(response, ZTP_M_CORRELATION);
	struct op *late;
	int i;

	/* All operators' answers go to one topic, their refusals, too. */
	if (!registrar_is_ours(g, correlation))
		return;
	if (strcmp(ztp_tree_text(response, "command"), ZTP_CMD_GET_INFO) == 0) {
		on_info(g, response);
		return;
	}
	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n == 0 || op->done ||
		    strcmp(op->correlation, correlation) != 0)
			continue;
		control_read(&op->answer, response);
		op->done = true;
		latency_answered(&g->latency, g->core->now,
				 g->core->now - op->by + REGISTRAR_ANSWER_MS);
		return;
	}
	late = registrar_late_op(g, correlation);
	if (!late)
		return;
	control_read(&late->answer, response);
	late->done = true;
}

static void on_subscribed(struct registrar *g, const cJSON *event)
{
	const char *hex = ztp_tree_text(event, ZTP_M_FINGERPRINT);
	const char *path = ztp_tree_text(event, ZTP_M_DEVICE_PATH);
	struct registrar_subscription *s;
	struct ztp_path parts;

	if (ztp_path_parse(&parts, path, strlen(path), NULL) != 0 ||
	    !cell_serves(g->core->config, path))
		return;
	if (g->subscribed_count == REGISTRAR_SUBSCRIBED_MAX) {
		/* More at once than fit: ask about all devices instead. */
		registrar_ask(g, 0);
		return;
	}
	s = &g->subscribed[g->subscribed_count++];
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->held = strcmp(ztp_tree_text(event, "state"), "held") == 0;
	s->connection = control_connection(event);
	s->certificate = control_certificate(event);
	s->again = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(event, ZTP_M_AGAIN));
	s->has_fingerprint = ztp_hex_decode(s->fingerprint, ZTP_SHA256_LEN, hex,
					    strlen(hex));
}

static bool on_message(void *arg, const char *topic, const char *text,
		       size_t len)
{
	struct registrar *g = arg;
	cJSON *tree = NULL;
	const cJSON *responses, *response;
	bool is_response = strcmp(topic, ZTP_MQTT_RESPONSE) == 0;
	struct ztp_error error;

	if (ztp_tree_parse(&tree, text, len, RESPONSE_MAX, &error) != 0) {
		if (is_response && !registrar_holds_ours(g, text, len))
			return true; /* somebody else asked for too much */
		log_warn(g->core->log, "gate_unreadable",
			 LOG_STR("topic", topic), LOG_WHY(&error));
		if (is_response)
			registrar_split(g);
		return true;
	}
	if (registrar_topics_is_subscribed(topic)) {
		on_subscribed(g, tree);
	} else if (is_response) {
		responses =
			cJSON_GetObjectItemCaseSensitive(tree, ZTP_M_RESPONSES);
		cJSON_ArrayForEach (response, responses)
			on_response(g, response);
	}
	cJSON_Delete(tree);
	return true;
}

static void on_up(void *arg, int window)
{
	(void)window; /* the window is for commands; ops limit us */
	registrar_connected(arg);
}

static void on_down(void *arg)
{
	registrar_disconnected(arg);
}

static bool on_puback(void *arg, int mid, int reason_code)
{
	(void)mid;
	if (reason_code >= 0x80)
		registrar_denied(arg, reason_code);
	return true;
}

/* Devices may have subscribed while nobody told us of it. */
static void on_granted(void *arg)
{
	registrar_ask_all(arg);
}

void registrar_join(struct registrar *g)
{
	g->user = (struct mqtt_out_user){.up = on_up,
					 .down = on_down,
					 .puback = on_puback,
					 .granted = on_granted,
					 .message = on_message,
					 .arg = g};
	mqtt_out_join(g->mqtt_out, &g->user);
}

/* --- the turn */

/* Logged once: while informed is false, getInfo is asked first. */
static void on_silence(struct registrar *g, const char *correlation)
{
	if (g->informed)
		log_warn(g->core->log, "gate_silent",
			 LOG_STR("correlation", correlation));
	g->informed = false;
	g->next_info = g->core->now;
}

static void on_overdue(struct registrar *g, struct op *op)
{
	on_silence(g, op->correlation);
	if (op->kind == REGISTRAR_ASK_DEVICE) {
		registrar_ask_later(g, op->n);
		registrar_free_op(g, op);
	} else {
		op->done = op->lost = true;
	}
}

/* Whoever is asked about nothing else has this to be known by. */
static void collect_info(struct registrar *g)
{
	char correlation[CONTROL_CORRELATION];

	if (!g->informed || g->info_by == 0 || g->core->now < g->info_by)
		return;
	registrar_correlate(correlation, g, "info", "");
	on_silence(g, correlation);
}

void registrar_collect(struct registrar *g)
{
	int i;

	collect_info(g);
	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n != 0 && !op->done && g->core->now >= op->by)
			on_overdue(g, op);
	}
}

int registrar_answer_each(const struct registrar *g,
			  registrar_answer_visit *visit, void *arg)
{
	int i, rc = 0;

	for (i = 0; i < REGISTRAR_WINDOW && g->busy > 0 && rc == 0; i++) {
		const struct op *op = &g->ops[i];
		struct registrar_answer answer = {op->n, op->kind, &op->answer,
						  op->lost};

		if (op->n != 0 && op->done)
			rc = visit(arg, &answer);
	}
	return rc;
}

int registrar_subscription_each(const struct registrar *g,
				registrar_subscription_visit *visit, void *arg)
{
	size_t k;
	int rc = 0;

	for (k = 0; k < g->subscribed_count && rc == 0; k++)
		rc = visit(arg, &g->subscribed[k]);
	return rc;
}

bool registrar_absent(const struct registrar *g)
{
	return g->absent;
}
