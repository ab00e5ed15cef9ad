/*
 * What the gate says, in two steps. A message is only noted when it comes (in
 * ops and subscribed); what it means is applied with everything else of the
 * loop's turn, answers first: the gate answers createDevice before it speaks
 * of that device.
 */
#include "bridge/registrar_internal.h"

#include <stdio.h>
#include <string.h>

#include "bridge/delivery.h"
#include "bridge/endings.h"
#include "ztp/json.h"

#define RESPONSE_MAX (1024 * 1024)

/* --- noted */

static void on_info(struct registrar *g, const cJSON *response)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");
	const char *topic = control_text(data, "command_topic");
	const char *ours = g->b->config->mqtt.command_topic;
	bool agrees = strcmp(topic, ours) == 0;

	if (strcmp(control_text(response, "code"), "OK") != 0 && !data) {
		registrar_denied(g, 0);
		return;
	}
	if (!g->informed || agrees != g->agrees) {
		if (agrees)
			log_info(g->b->log, "gate_connected",
				 LOG_STR("version",
					 control_text(data, "version")));
		else
			log_error(g->b->log, "gate_disagrees",
				  LOG_STR("gate_command_topic", topic),
				  LOG_STR("command_topic", ours));
	}
	g->informed = true;
	g->denied = false;
	g->agrees = agrees;
}

static void on_response(struct registrar *g, const cJSON *response)
{
	const char *correlation = control_text(response, "correlationData");
	int i;

	if (strcmp(control_text(response, "command"), "getInfo") == 0) {
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
		return;
	}
}

static void on_subscribed(struct registrar *g, const cJSON *event)
{
	const char *hex = control_text(event, "fingerprint_sha256");
	const char *path = control_text(event, "device_path");
	struct subscription *s;

	if (!*path || strlen(path) > ZTP_PATH_MAX)
		return;
	if (g->subscribed_count == REGISTRAR_SUBSCRIBED_MAX) {
		/* More at once than we keep: ask about everyone instead. */
		registrar_ask(g, 0);
		return;
	}
	s = &g->subscribed[g->subscribed_count++];
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->held = strcmp(control_text(event, "state"), "held") == 0;
	s->has_fingerprint = ztp_hex_decode(s->fingerprint, ZTP_SHA256_LEN, hex,
					    strlen(hex));
}

static bool on_message(void *arg, const char *topic, const char *text,
		       size_t len)
{
	struct registrar *g = arg;
	cJSON *tree = NULL;
	const cJSON *responses, *response;
	struct ztp_error error;

	if (ztp_json_parse(&tree, text, len, RESPONSE_MAX, &error) != 0) {
		log_warn(g->b->log, "gate_unreadable", LOG_STR("topic", topic),
			 LOG_WHY(&error));
		return true;
	}
	if (strcmp(topic, CONTROL_SUBSCRIBED) == 0) {
		on_subscribed(g, tree);
	} else if (strcmp(topic, CONTROL_RESPONSE) == 0) {
		responses = cJSON_GetObjectItemCaseSensitive(tree, "responses");
		cJSON_ArrayForEach (response, responses)
			on_response(g, response);
	}
	cJSON_Delete(tree);
	return true;
}

static void on_up(void *arg, int window)
{
	(void)window; /* commands have it; we keep to our own */
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

void registrar_join(struct registrar *g)
{
	struct outlet_user user = {on_up, on_down, on_puback, on_message, g};

	outlet_join(g->b->outlet, &user);
}

/* --- applied */

static void fell_silent(struct registrar *g, struct op *op)
{
	/* Unless it has been said already: getInfo is asked first now. */
	if (g->informed)
		log_warn(g->b->log, "gate_silent",
			 LOG_STR("correlation", op->correlation));
	g->informed = false;
	if (op->kind == OP_ASK_DEVICE)
		registrar_ask(g, op->n);
	registrar_free_op(g, op);
	g->next_info = g->b->now;
}

void registrar_collect(struct registrar *g)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n != 0 && !op->done && g->b->now >= op->by) {
			fell_silent(g, op);
		}
	}
}

static int retry_later(struct registrar *g, const struct op *op,
		       struct store_request *r, struct ztp_error *error)
{
	if (op->kind == OP_ASK_DEVICE) {
		registrar_ask(g, op->n);
		return 0;
	}
	if (op->kind != OP_ASK_HELD) /* whose tries say something else */
		r->tries++;
	r->retry_at = g->b->now + REGISTRAR_DENIED_MS;
	return store_request_save(g->b->store, r, error);
}

static int created(struct registrar *g, const struct control_answer *answer,
		   struct store_request *r, struct ztp_error *error)
{
	char message[256];

	if (r->state != ZTP_STATE_APPROVED)
		return 0;
	if (control_is(answer, "OK"))
		return ending_register(g->b, r, answer->subscribed, error);
	if (control_is(answer, "ALREADY_EXISTS"))
		return ending_finish_decided(
			g->b, r, ZTP_STATE_CONFLICT,
			"a device with this path exists already", error);
	snprintf(message, sizeof(message), "%s: %s", answer->code,
		 answer->message);
	return ending_finish_decided(g->b, r, ZTP_STATE_FAILED, message, error);
}

static int released(struct registrar *g, struct store_request *r,
		    struct ztp_error *error)
{
	if (r->todo != STORE_TODO_RELEASE)
		return 0;
	r->todo = STORE_TODO_NONE;
	r->retry_at = r->due_at = 0;
	return store_request_save(g->b->store, r, error);
}

static int answered(struct registrar *g, const struct op *op,
		    struct store_request *r, struct ztp_error *error)
{
	const struct control_answer *answer = &op->answer;

	switch (op->kind) {
	case OP_CREATE:
		return created(g, answer, r, error);
	case OP_REJECT:
		return released(g, r, error);
	case OP_ASK_HELD:
		return delivery_held(g->b, r, control_is_held(answer, r),
				     answer->subscribed, error);
	case OP_ASK_DEVICE:
		if (control_is_gone(answer, r))
			return delivery_gone(g->b, r, error);
		if (!control_is_device(answer, r) || !answer->subscribed)
			return 0;
		return delivery_subscribed(g->b, r->path, r->fingerprint, false,
					   error);
	}
	return 0;
}

static int apply_op(struct registrar *g, const struct op *op,
		    struct ztp_error *error)
{
	struct store_request r;
	int rc = store_request_by_n(g->b->store, op->n, &r, error);

	if (rc <= 0)
		return rc;
	if (control_is_denied(&op->answer))
		return retry_later(g, op, &r, error);
	return answered(g, op, &r, error);
}

int registrar_apply(struct registrar *g, struct ztp_error *error)
{
	size_t k;
	int i, rc = 0;

	if (g->absent)
		rc = store_absent(g->b->store, error);
	for (i = 0; i < REGISTRAR_WINDOW && g->busy > 0 && rc == 0; i++)
		if (g->ops[i].n != 0 && g->ops[i].done)
			rc = apply_op(g, &g->ops[i], error);
	for (k = 0; k < g->subscribed_count && rc == 0; k++) {
		const struct subscription *s = &g->subscribed[k];

		rc = delivery_subscribed(g->b, s->path,
					 s->has_fingerprint ? s->fingerprint
							    : NULL,
					 s->held, error);
	}
	return rc;
}
