/*
 * Requests as JSON.
 *
 * A store may hold millions of rows, and while a page is made the loop stands
 * still. So a list walks the rows in windows, and ends with the window in
 * which its time was up; `next` says where the walk goes on. What is asked for
 * most, the undecided, is found by its index however much lies between.
 */
#include "bridge/http_requests.h"

#include <cjson/cJSON.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
#define WINDOW	      500 /* rows looked at between two looks at the clock */
#define TIME_MAX_MS   10

/* No request id begins with it, and no URL needs it escaped. */
#define CURSOR '@'

/* --- pages */

static struct http_page json_page(unsigned status, cJSON *object)
{
	struct http_page page = {status, "application/json", NULL};

	if (object)
		page.text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	return page;
}

static struct http_page error_page(unsigned status, const char *message)
{
	cJSON *object = cJSON_CreateObject();

	if (object && !cJSON_AddStringToObject(object, "error", message)) {
		cJSON_Delete(object);
		object = NULL;
	}
	return json_page(status, object);
}

static struct http_page store_page(struct bridge *b,
				   const struct ztp_error *error)
{
	log_warn(b->log, "http_store_failed", LOG_WHY(error));
	return error_page(MHD_HTTP_SERVICE_UNAVAILABLE,
			  "the store cannot be read now");
}

/* --- a request as an object */

static bool add_time(cJSON *object, const char *name, int64_t ms)
{
	char text[ZTP_TIME_LEN];

	if (ms <= 0)
		return true;
	ztp_time_format(text, ms);
	return cJSON_AddStringToObject(object, name, text);
}

static bool add_str(cJSON *object, const char *name, struct ztp_str str)
{
	char text[ZTP_ID_MAX + 1];

	(void)snprintf(text, sizeof(text), "%.*s", (int)str.n, str.p);
	return cJSON_AddStringToObject(object, name, text);
}

static bool add_device(cJSON *object, const char *path)
{
	cJSON *device = cJSON_AddObjectToObject(object, "device");
	struct ztp_path parts;

	if (!device || !cJSON_AddStringToObject(device, "path", path))
		return false;
	if (ztp_path_parse(&parts, path, strlen(path), NULL) < 0)
		return true;
	return add_str(device, "subscription", parts.subscription) &&
	       add_str(device, "registry", parts.registry) &&
	       add_str(device, "id", parts.device);
}

static bool add_all(cJSON *object, const struct store_request *r)
{
	char hex[ZTP_SHA256_HEX];

	ztp_hex_encode(hex, r->fingerprint, sizeof(r->fingerprint));
	return cJSON_AddStringToObject(object, "request_id", r->id) &&
	       add_device(object, r->path) &&
	       cJSON_AddStringToObject(object, "fingerprint_sha256", hex) &&
	       cJSON_AddStringToObject(object, "state",
				       ztp_state_name(r->state)) &&
	       cJSON_AddNumberToObject(object, "attempt", r->attempt) &&
	       add_time(object, "received_at", r->received_at) &&
	       add_time(object, "expires_at", r->expires_at) &&
	       add_time(object, "finished_at", r->finished_at) &&
	       add_time(object, "delivered_at", r->delivered_at) &&
	       cJSON_AddNumberToObject(object, "tries", r->tries) &&
	       add_time(object, "next_try_at", r->retry_at);
}

/* NULL: no memory. */
static cJSON *request_object(const struct store_request *r)
{
	cJSON *object = cJSON_CreateObject();

	if (object && add_all(object, r))
		return object;
	cJSON_Delete(object);
	return NULL;
}

/* --- one */

static bool add_position(cJSON *object, const struct store_decision *d)
{
	cJSON *position = cJSON_AddObjectToObject(object, "position");
	char offset[24];

	/* An offset has 63 bits, a cJSON number 53. */
	(void)snprintf(offset, sizeof(offset), "%lld", (long long)d->offset);
	return position &&
	       cJSON_AddStringToObject(position, "topic", d->topic) &&
	       cJSON_AddNumberToObject(position, "partition", d->partition) &&
	       cJSON_AddRawToObject(position, "offset", offset);
}

static bool add_decision(cJSON *object, const struct store_decision *d)
{
	cJSON *decision = cJSON_AddObjectToObject(object, "decision");
	const char *verdict = d->verdict == ZTP_APPROVE ? "approve" : "reject";
	const char *by = d->by_customer ? "customer" : "timeout";

	return decision &&
	       cJSON_AddStringToObject(decision, "verdict", verdict) &&
	       cJSON_AddStringToObject(decision, "by", by) &&
	       (!d->reason[0] ||
		cJSON_AddStringToObject(decision, "reason", d->reason)) &&
	       (!d->message[0] ||
		cJSON_AddStringToObject(decision, "message", d->message)) &&
	       (!d->by_customer || add_position(decision, d));
}

struct http_page http_requests_one(struct bridge *b, const char *id)
{
	struct store_request r;
	struct store_decision d;
	struct ztp_error error;
	cJSON *object;
	int rc = 0;

	if (ztp_request_id_valid(id, strlen(id)))
		rc = store_request_by_id(b->store, id, &r, &error);
	if (rc == 0)
		return error_page(MHD_HTTP_NOT_FOUND, "no such request");
	if (rc > 0)
		rc = store_decision_get(b->store, r.n, false, &d, &error);
	if (rc < 0)
		return store_page(b, &error);
	object = request_object(&r);
	if (rc == 1 && object && !add_decision(object, &d)) {
		cJSON_Delete(object);
		object = NULL;
	}
	if (rc == 1)
		store_decision_clear(&d);
	return json_page(MHD_HTTP_OK, object);
}

/* --- the query */

struct query {
	const char *state, *registry, *after, *limit; /* NULL: not there */
	const char *wrong;			      /* NULL: nothing */
};

static bool given(const char *text)
{
	return text && *text;
}

static enum MHD_Result take_parameter(void *arg, enum MHD_ValueKind kind,
				      const char *key, size_t key_len,
				      const char *value, size_t value_len)
{
	struct query *query = arg;
	const struct {
		const char *name;
		const char **member;
	} known[] = {
		{"state", &query->state},
		{"registry", &query->registry},
		{"after", &query->after},
		{"limit", &query->limit},
	};
	size_t i;

	(void)kind;
	if (key_len == 0 && !given(value)) /* "?a=b&" */
		return MHD_YES;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strlen(key) != key_len || strcmp(key, known[i].name) != 0)
			continue;
		if (*known[i].member)
			query->wrong = "a parameter is there twice";
		if (value && strlen(value) != value_len)
			query->wrong = "a parameter holds a NUL";
		*known[i].member = value ? value : "";
		return MHD_YES;
	}
	query->wrong = "the parameters are state, registry, after and limit";
	return MHD_YES;
}

struct listing {
	struct bridge *b;
	enum ztp_state state;
	const char *registry;
	int64_t after;
	int limit;

	cJSON *rows;
	int count;
};

static bool parse_number(int64_t *number, const char *text, int64_t max)
{
	char *end;
	long long n;

	if (*text < '0' || *text > '9' || strlen(text) > 19)
		return false;
	n = strtoll(text, &end, 10);
	if (*end != '\0' || n > max)
		return false;
	*number = n;
	return true;
}

static bool registry_valid(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && ztp_id_valid(text, (size_t)(slash - text)) &&
	       ztp_id_valid(slash + 1, strlen(slash + 1));
}

/* 1, 0 for what points nowhere, or a negative error of the store. */
static int parse_after(struct listing *listing, const char *text,
		       struct ztp_error *error)
{
	struct store_request r;
	int rc;

	if (*text == CURSOR)
		return parse_number(&listing->after, text + 1, INT64_MAX);
	if (!ztp_request_id_valid(text, strlen(text)))
		return 0;
	rc = store_request_by_id(listing->b->store, text, &r, error);
	if (rc == 1)
		listing->after = r.n;
	return rc;
}

/* What is wrong with the parameters, or NULL; *rc is negative when it was the
 * store. */
static const char *parse_query(struct listing *listing,
			       const struct query *query, int *rc,
			       struct ztp_error *error)
{
	int64_t limit = LIMIT_DEFAULT;

	if (query->wrong)
		return query->wrong;
	if (given(query->state) &&
	    !ztp_state_parse(&listing->state, query->state))
		return "state: no such state";
	if (given(query->limit) &&
	    (!parse_number(&limit, query->limit, LIMIT_MAX) || limit < 1))
		return "limit: not a number from 1 to 1000";
	if (given(query->registry) && !registry_valid(query->registry))
		return "registry: not SUBSCRIPTION/REGISTRY";
	listing->limit = (int)limit;
	if (given(query->registry))
		listing->registry = query->registry;
	if (!given(query->after))
		return NULL;
	*rc = parse_after(listing, query->after, error);
	return *rc == 0 ? "after: neither a request id nor a next" : NULL;
}

/* --- the list */

static int take_row(void *arg, struct store_request *r)
{
	struct listing *listing = arg;
	cJSON *object = request_object(r);

	if (!object || !cJSON_AddItemToArray(listing->rows, object)) {
		cJSON_Delete(object);
		return ZTP_ERR_NOMEM;
	}
	listing->count++;
	listing->after = r->n;
	return 0;
}

/* Fills rows; *more says that it was not the end, and after where it was. */
static int walk(struct listing *listing, bool *more, struct ztp_error *error)
{
	struct store *store = listing->b->store;
	bool undecided = ztp_state_undecided(listing->state);
	int64_t end = clock_boot() + TIME_MAX_MS, first;
	int rc = 0;

	*more = false;
	if (listing->state != ZTP_STATE_NONE &&
	    store_count(store, listing->state) == 0)
		return 0;
	while ((first = store_list_next(store, listing->after, undecided))) {
		*more = listing->count == listing->limit || clock_boot() > end;
		if (*more)
			break;
		rc = store_list_each(store, first - 1, first - 1 + WINDOW,
				     listing->state, listing->registry,
				     listing->limit - listing->count, take_row,
				     listing, error);
		if (rc != 0)
			break;
		if (listing->count < listing->limit)
			listing->after = first - 1 + WINDOW;
	}
	return rc;
}

static struct http_page list_page(struct listing *listing)
{
	cJSON *object = cJSON_CreateObject();
	struct ztp_error error;
	char next[32];
	bool more;
	int rc;

	listing->rows = cJSON_AddArrayToObject(object, "requests");
	rc = listing->rows ? walk(listing, &more, &error) : ZTP_ERR_NOMEM;
	if (rc == 0 && more) {
		(void)snprintf(next, sizeof(next), "%c%lld", CURSOR,
			       (long long)listing->after);
		if (!cJSON_AddStringToObject(object, "next", next))
			rc = ZTP_ERR_NOMEM;
	}
	if (rc == 0)
		return json_page(MHD_HTTP_OK, object);
	cJSON_Delete(object);
	if (rc == ZTP_ERR_NOMEM)
		return json_page(MHD_HTTP_OK, NULL);
	return store_page(listing->b, &error);
}

struct http_page http_requests_list(struct bridge *b,
				    struct MHD_Connection *client)
{
	struct listing listing = {.b = b};
	struct query query = {0};
	struct ztp_error error;
	const char *wrong;
	int rc = 0;

	(void)MHD_get_connection_values_n(client, MHD_GET_ARGUMENT_KIND,
					  take_parameter, &query);
	wrong = parse_query(&listing, &query, &rc, &error);
	if (rc < 0)
		return store_page(b, &error);
	if (wrong)
		return error_page(MHD_HTTP_BAD_REQUEST, wrong);
	return list_page(&listing);
}
