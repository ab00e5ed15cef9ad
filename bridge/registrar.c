#include "bridge/registrar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/commands.h"
#include "bridge/delivery.h"
#include "bridge/endings.h"
#include "ztp/json.h"

#define TOPIC_CONTROL	 "$CONTROL/ztp/v1"
#define TOPIC_RESPONSE	 "$CONTROL/ztp/v1/response"
#define TOPIC_SUBSCRIBED "ztp/v1/subscribed"

#define WINDOW	       128
#define ANSWER_MS      5000  /* then the question is put again */
#define DENIED_MS      5000  /* PERMISSION_DENIED, UNAVAILABLE: again after */
#define INFO_MS	       30000 /* between getInfo */
#define ASK_PAGE       64    /* waiting devices asked about at once */
#define RESPONSE_MAX   (1024 * 1024)
#define ACKS_MAX       4096 /* kept for sending; the gate offers the rest */
#define ACK_BATCH      256
#define SUBSCRIBED_MAX 1024

enum op_kind { OP_CREATE, OP_REJECT, OP_ASK_HELD, OP_ASK_DEVICE };

struct op {
	int64_t n; /* 0: free */
	enum op_kind kind;
	char correlation[ZTP_REQUEST_ID_MAX + 16];
	int64_t by; /* the answer is awaited until */
	bool done;
	char code[32];
	char message[160];
	bool ready; /* live and subscribed */
};

struct subscription {
	char path[ZTP_PATH_MAX + 1];
	bool has_fingerprint;
	uint8_t fingerprint[ZTP_SHA256_LEN];
};

struct id_list {
	char (*ids)[ZTP_REQUEST_ID_MAX + 1];
	size_t count;
};

struct registrar {
	struct bridge *b;
	struct outlet *outlet; /* while connected */
	struct op ops[WINDOW];
	int busy;
	struct subscription *subscribed; /* of SUBSCRIBED_MAX */
	size_t subscribed_count;
	struct id_list staged, acks; /* of ACKS_MAX */
	bool connected, informed, agrees, denied;
	int64_t next_info;
	int64_t hold_until; /* nothing is sent before: the gate refused us */
	bool ask_all;	    /* waiting devices are still to be asked about */
	int64_t ask_after;
};

int registrar_new(struct registrar **out, struct bridge *b,
		  struct ztp_error *error)
{
	struct registrar *g = calloc(1, sizeof(*g));

	if (g) {
		g->b = b;
		g->subscribed = calloc(SUBSCRIBED_MAX, sizeof(*g->subscribed));
		g->staged.ids = calloc(ACKS_MAX, sizeof(*g->staged.ids));
		g->acks.ids = calloc(ACKS_MAX, sizeof(*g->acks.ids));
	}
	if (!g || !g->subscribed || !g->staged.ids || !g->acks.ids) {
		registrar_free(g);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	*out = g;
	return 0;
}

void registrar_free(struct registrar *g)
{
	if (!g)
		return;
	free(g->subscribed);
	free(g->staged.ids);
	free(g->acks.ids);
	free(g);
}

/* --- the connection */

void registrar_connected(struct registrar *g, struct outlet *outlet)
{
	int rc = outlet_subscribe(outlet, TOPIC_RESPONSE, 1);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = outlet_subscribe(outlet, TOPIC_SUBSCRIBED, 0);
	if (rc != MOSQ_ERR_SUCCESS)
		log_warn(g->b->log, "gate_subscribe_failed",
			 LOG_STR("error", mosquitto_strerror(rc)));
	g->outlet = outlet;
	g->connected = true;
	g->informed = g->denied = false;
	g->next_info = g->hold_until = g->b->now;
	g->ask_all = true;
	g->ask_after = 0;
}

static void free_op(struct registrar *g, struct op *op)
{
	op->n = 0;
	g->busy--;
}

void registrar_disconnected(struct registrar *g)
{
	int i;

	g->connected = g->informed = false;
	for (i = 0; i < WINDOW; i++)
		if (g->ops[i].n != 0 && !g->ops[i].done)
			free_op(g, &g->ops[i]);
}

void registrar_denied(struct registrar *g, int reason_code)
{
	if (!g->denied)
		log_error(g->b->log, "gate_denied",
			  LOG_INT("reason_code", reason_code),
			  LOG_STR("hint", "is the bridge's username among "
					  "plugin_opt_operators?"));
	g->denied = true;
	g->hold_until = g->b->now + DENIED_MS;
}

bool registrar_ready(const struct registrar *g)
{
	return g->connected && g->informed && g->agrees && !g->denied;
}

/* --- answers */

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void on_info(struct registrar *g, const cJSON *response)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");
	const char *topic = text_of(data, "command_topic");
	const char *ours = g->b->config->mqtt.command_topic;
	bool agrees = strcmp(topic, ours) == 0;

	if (strcmp(text_of(response, "code"), "OK") != 0 && !data) {
		registrar_denied(g, 0);
		return;
	}
	if (!g->informed || agrees != g->agrees) {
		if (agrees)
			log_info(g->b->log, "gate_connected",
				 LOG_STR("version", text_of(data, "version")));
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
	const char *correlation = text_of(response, "correlationData");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");
	int i;

	if (strcmp(text_of(response, "command"), "getInfo") == 0) {
		on_info(g, response);
		return;
	}
	for (i = 0; i < WINDOW; i++) {
		struct op *op = &g->ops[i];
		const char *code = text_of(response, "code");

		if (op->n == 0 || op->done ||
		    strcmp(op->correlation, correlation) != 0)
			continue;
		snprintf(op->code, sizeof(op->code), "%s",
			 *code	? code
			 : data ? "OK"
				: "INTERNAL");
		snprintf(op->message, sizeof(op->message), "%s",
			 text_of(response, "error"));
		op->ready =
			is_true(data, "live") && is_true(data, "subscribed");
		op->done = true;
		return;
	}
}

static void on_subscribed(struct registrar *g, const cJSON *event)
{
	const char *hex = text_of(event, "fingerprint_sha256");
	const char *path = text_of(event, "device_path");
	struct subscription *s;

	if (!*path || strlen(path) > ZTP_PATH_MAX)
		return;
	if (g->subscribed_count == SUBSCRIBED_MAX) {
		/* More at once than we keep: ask about everyone instead. */
		g->ask_all = true;
		g->ask_after = 0;
		return;
	}
	s = &g->subscribed[g->subscribed_count++];
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->has_fingerprint = ztp_hex_decode(s->fingerprint, ZTP_SHA256_LEN, hex,
					    strlen(hex));
}

void registrar_message(struct registrar *g, const char *topic, const char *text,
		       size_t len)
{
	cJSON *tree = NULL;
	const cJSON *responses, *response;
	struct ztp_error error;

	if (ztp_json_parse(&tree, text, len, RESPONSE_MAX, &error) != 0) {
		log_warn(g->b->log, "gate_unreadable", LOG_STR("topic", topic),
			 LOG_WHY(&error));
		return;
	}
	if (strcmp(topic, TOPIC_SUBSCRIBED) == 0) {
		on_subscribed(g, tree);
	} else if (strcmp(topic, TOPIC_RESPONSE) == 0) {
		responses = cJSON_GetObjectItemCaseSensitive(tree, "responses");
		cJSON_ArrayForEach (response, responses)
			on_response(g, response);
	}
	cJSON_Delete(tree);
}

/* --- the turn */

void registrar_collect(struct registrar *g)
{
	int i;

	for (i = 0; i < WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n != 0 && !op->done && g->b->now >= op->by) {
			log_warn(g->b->log, "gate_silent",
				 LOG_STR("correlation", op->correlation));
			free_op(g, op);
		}
	}
}

static int retry_later(struct registrar *g, struct store_request *r,
		       struct ztp_error *error)
{
	r->tries++;
	r->retry_at = g->b->now + DENIED_MS;
	return store_request_save(g->b->store, r, error);
}

static int created(struct registrar *g, const struct op *op,
		   struct store_request *r, struct ztp_error *error)
{
	char message[256];

	if (r->state != ZTP_STATE_APPROVED)
		return 0;
	if (strcmp(op->code, "OK") == 0)
		return ending_register(g->b, r, op->ready, error);
	if (strcmp(op->code, "ALREADY_EXISTS") == 0)
		return ending_finish_decided(
			g->b, r, ZTP_STATE_CONFLICT,
			"a device with this path exists already", error);
	snprintf(message, sizeof(message), "%s: %s", op->code, op->message);
	return ending_finish_decided(g->b, r, ZTP_STATE_FAILED, message, error);
}

static int apply_op(struct registrar *g, const struct op *op,
		    struct ztp_error *error)
{
	struct store_request r;
	int rc = store_request_by_n(g->b->store, op->n, &r, error);

	if (rc <= 0)
		return rc;
	if (strcmp(op->code, "PERMISSION_DENIED") == 0 ||
	    strcmp(op->code, "UNAVAILABLE") == 0)
		return op->kind == OP_ASK_DEVICE ? 0
						 : retry_later(g, &r, error);
	switch (op->kind) {
	case OP_CREATE:
		return created(g, op, &r, error);
	case OP_ASK_DEVICE:
		if (!op->ready)
			return 0;
		return delivery_subscribed(g->b, r.path, r.fingerprint, error);
	case OP_ASK_HELD:
		if (r.todo != STORE_TODO_NOTICE)
			return 0;
		if (op->ready)
			r.tries = 1; /* known to be there: say it */
		else
			r.todo = STORE_TODO_RELEASE;
		r.retry_at = g->b->now;
		return store_request_save(g->b->store, &r, error);
	case OP_REJECT:
		if (r.todo != STORE_TODO_RELEASE)
			return 0;
		r.todo = STORE_TODO_NONE;
		r.retry_at = r.due_at = 0;
		return store_request_save(g->b->store, &r, error);
	}
	return 0;
}

int registrar_apply(struct registrar *g, struct ztp_error *error)
{
	size_t k;
	int i, rc = 0;

	for (i = 0; i < WINDOW && g->busy > 0 && rc == 0; i++)
		if (g->ops[i].n != 0 && g->ops[i].done)
			rc = apply_op(g, &g->ops[i], error);
	for (k = 0; k < g->subscribed_count && rc == 0; k++) {
		const struct subscription *s = &g->subscribed[k];

		rc = delivery_subscribed(
			g->b, s->path,
			s->has_fingerprint ? s->fingerprint : NULL, error);
	}
	return rc;
}

void registrar_settle(struct registrar *g)
{
	size_t k;
	int i;

	for (i = 0; i < WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n == 0 || !op->done)
			continue;
		if (strcmp(op->code, "PERMISSION_DENIED") == 0)
			registrar_denied(g, 0);
		free_op(g, op);
	}
	g->subscribed_count = 0;
	for (k = 0; k < g->staged.count && g->acks.count < ACKS_MAX; k++)
		memcpy(g->acks.ids[g->acks.count++], g->staged.ids[k],
		       sizeof(g->staged.ids[k]));
	g->staged.count = 0;
}

void registrar_rollback(struct registrar *g)
{
	g->staged.count = 0;
}

void registrar_disposed(struct registrar *g, const char *id)
{
	if (g->staged.count < ACKS_MAX)
		snprintf(g->staged.ids[g->staged.count++],
			 sizeof(g->staged.ids[0]), "%s", id);
}

/* --- questions */

static cJSON *add_command(cJSON *list, const char *name,
			  const char *correlation)
{
	cJSON *command = cJSON_CreateObject();

	if (!command || !cJSON_AddItemToArray(list, command)) {
		cJSON_Delete(command);
		return NULL;
	}
	if (!cJSON_AddStringToObject(command, "command", name) ||
	    !cJSON_AddStringToObject(command, "correlationData", correlation))
		return NULL;
	return command;
}

static cJSON *new_message(cJSON **list)
{
	cJSON *message = cJSON_CreateObject();

	*list = message ? cJSON_AddArrayToObject(message, "commands") : NULL;
	if (!*list) {
		cJSON_Delete(message);
		return NULL;
	}
	return message;
}

/* Sends and frees message. */
static bool send_message(struct registrar *g, cJSON *message, bool complete)
{
	char *text = complete ? cJSON_PrintUnformatted(message) : NULL;
	bool sent = text && outlet_publish(g->outlet, NULL, TOPIC_CONTROL, text,
					   strlen(text), NULL) == 0;

	cJSON_free(text);
	cJSON_Delete(message);
	return sent;
}

static struct op *new_op(struct registrar *g, int64_t n, enum op_kind kind,
			 const char *prefix, const char *id)
{
	int i;

	for (i = 0; i < WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n != 0)
			continue;
		memset(op, 0, sizeof(*op));
		op->n = n;
		op->kind = kind;
		op->by = g->b->now + ANSWER_MS;
		snprintf(op->correlation, sizeof(op->correlation), "%s:%s",
			 prefix, id);
		g->busy++;
		return op;
	}
	return NULL;
}

static bool describe(cJSON *command, const struct store_request *r)
{
	char hex[ZTP_SHA256_HEX];

	ztp_hex_encode(hex, r->fingerprint, ZTP_SHA256_LEN);
	return command &&
	       cJSON_AddStringToObject(command, "device_path", r->path) &&
	       cJSON_AddStringToObject(command, "fingerprint_sha256", hex);
}

bool registrar_takes(const struct registrar *g, const struct store_request *r)
{
	if (!g)
		return false;
	return r->todo == STORE_TODO_REGISTER ||
	       r->todo == STORE_TODO_RELEASE ||
	       (r->todo == STORE_TODO_NOTICE && r->tries == 0);
}

bool registrar_busy(const struct registrar *g, int64_t n)
{
	int i;

	for (i = 0; i < WINDOW && g->busy > 0; i++)
		if (g->ops[i].n == n && g->ops[i].kind != OP_ASK_DEVICE)
			return true;
	return false;
}

int registrar_in_flight(const struct registrar *g)
{
	return g ? g->busy : 0;
}

bool registrar_send(struct registrar *g, const struct store_request *r)
{
	cJSON *list, *message, *command;
	struct op *op;
	bool ok;

	if (!g->connected || g->b->now < g->hold_until)
		return false;
	message = new_message(&list);
	if (!message)
		return false;
	if (r->todo == STORE_TODO_REGISTER) {
		op = new_op(g, r->n, OP_CREATE, "create", r->id);
		command =
			op ? add_command(list, "createDevice", op->correlation)
			   : NULL;
		ok = describe(command, r) &&
		     cJSON_AddStringToObject(command, "request_id", r->id);
	} else if (r->todo == STORE_TODO_RELEASE) {
		int64_t s = g->b->config->onboarding.reject_cooldown_ms / 1000;

		op = new_op(g, r->n, OP_REJECT, "reject", r->id);
		command =
			op ? add_command(list, "rejectDevice", op->correlation)
			   : NULL;
		ok = describe(command, r);
		if (ok && r->state == ZTP_STATE_REJECTED)
			ok = cJSON_AddNumberToObject(command, "retry_after_s",
						     (double)s) != NULL;
	} else {
		op = new_op(g, r->n, OP_ASK_HELD, "held", r->id);
		command = op ? add_command(list, "getDevice", op->correlation)
			     : NULL;
		ok = describe(command, r);
	}
	ok = send_message(g, message, op && ok);
	if (!ok && op)
		free_op(g, op);
	return ok;
}

static void send_info(struct registrar *g)
{
	cJSON *list, *message = new_message(&list);

	if (message)
		send_message(g, message,
			     add_command(list, "getInfo", "info") != NULL);
	g->next_info = g->b->now + (g->informed ? INFO_MS : ANSWER_MS);
}

static void send_acks(struct registrar *g)
{
	size_t n = g->acks.count < ACK_BATCH ? g->acks.count : ACK_BATCH, k;
	cJSON *list, *message = new_message(&list), *command, *ids;
	bool ok;

	if (!message)
		return;
	command = add_command(list, "ackPending", "ack");
	ids = command ? cJSON_AddArrayToObject(command, "request_ids") : NULL;
	ok = ids != NULL;
	for (k = 0; k < n && ok; k++)
		ok = cJSON_AddItemToArray(ids,
					  cJSON_CreateString(g->acks.ids[k]));
	if (!send_message(g, message, ok))
		return;
	g->acks.count -= n;
	memmove(g->acks.ids, g->acks.ids + n,
		g->acks.count * sizeof(g->acks.ids[0]));
}

struct asking {
	struct registrar *g;
	cJSON *list;
	bool ok;
	int count;
};

static int ask_about(void *arg, struct store_request *r)
{
	struct asking *a = arg;
	struct op *op = new_op(a->g, r->n, OP_ASK_DEVICE, "device", r->id);
	cJSON *command;

	if (!op)
		return 1;
	command = add_command(a->list, "getDevice", op->correlation);
	a->ok = a->ok && command &&
		cJSON_AddStringToObject(command, "device_path", r->path);
	a->g->ask_after = r->n;
	a->count++;
	return 0;
}

/* After a reconnect nobody has told us who subscribed meanwhile. */
static void ask_waiting(struct registrar *g)
{
	struct asking a = {.g = g, .ok = true};
	struct ztp_error error;
	cJSON *message = new_message(&a.list);
	int64_t before = g->ask_after;
	int rc;

	if (!message)
		return;
	rc = store_waiting_each(g->b->store, g->ask_after, ASK_PAGE, ask_about,
				&a, &error);
	if (rc == 0 && a.count < ASK_PAGE)
		g->ask_all = false;
	if (a.count == 0)
		cJSON_Delete(message);
	else if (!send_message(g, message, a.ok))
		g->ask_after = before;
}

void registrar_pump(struct registrar *g)
{
	if (!g->connected || g->b->now < g->hold_until)
		return;
	if (g->b->now >= g->next_info)
		send_info(g);
	if (g->acks.count > 0)
		send_acks(g);
	if (g->ask_all && g->busy < WINDOW - ASK_PAGE)
		ask_waiting(g);
}

int64_t registrar_next(const struct registrar *g)
{
	int64_t next = g->connected ? g->next_info : 0;
	int i;

	for (i = 0; i < WINDOW && g->busy > 0; i++)
		if (g->ops[i].n != 0 && (next == 0 || g->ops[i].by < next))
			next = g->ops[i].by;
	return next;
}
