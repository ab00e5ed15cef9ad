#include "ztp/pending.h"
#include "ztp/member.h"

#include <stdlib.h>
#include <string.h>

#include "policy/ascii.h"
#include "policy/json_object.h"
#include "ztp/json.h"

#define EXACT_MAX	9007199254740991LL /* 2^53 - 1 */
#define REMOTE_ADDR_MAX 1024
#define TIME_TEXT_MAX	40

bool ztp_request_id_valid(const char *text, size_t len)
{
	if (len < 1 || len > ZTP_REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!ztp_ascii_unreserved(text[i]))
			return false;
	return true;
}

/* The members of an event that are read; password and jwt are not. */
#define MEMBER_LIST(X)                                                         \
	X(DEVICE_PATH, ZTP_M_DEVICE_PATH)                                      \
	X(CLIENT_ID, ZTP_M_CLIENT_ID)                                          \
	X(REQUEST_ID, ZTP_M_REQUEST_ID)                                        \
	X(RECEIVED_AT, ZTP_M_RECEIVED_AT)                                      \
	X(EXPIRES_AT, ZTP_M_EXPIRES_AT)                                        \
	X(ATTEMPT, ZTP_M_ATTEMPT)                                              \
	X(REMOTE_ADDR, ZTP_M_REMOTE_ADDR)                                      \
	X(TRACEPARENT, ZTP_HEADER_TRACEPARENT)                                 \
	X(CERTIFICATE, ZTP_M_CERTIFICATE)                                      \
	X(USERNAME, ZTP_M_USERNAME)

enum member {
#define X(member, text) member,
	MEMBER_LIST(X)
#undef X
		MEMBERS
};

/* A member that has two names: either, or both if they agree. */
static int either(struct ztp_str *value, struct ztp_object *event,
		  enum member name, enum member other, enum ztp_err differ,
		  struct ztp_error *error)
{
	const struct ztp_field *fields = event->fields;
	struct ztp_str second;
	int rc = ztp_object_string(value, event, name, ZTP_PENDING_MAX, error);

	if (!rc)
		rc = ztp_object_string(&second, event, other, ZTP_PENDING_MAX,
				       error);
	if (rc)
		return rc;
	if (value->p && second.p &&
	    (value->n != second.n || memcmp(value->p, second.p, second.n) != 0))
		return ztp_fail(error, differ, "%s and %s differ",
				fields[name].name, fields[other].name);
	if (!value->p)
		*value = second;
	if (!value->p)
		return ztp_fail(error, ZTP_ERR_MISSING, "%s is missing",
				fields[name].name);
	return 0;
}

static int read_path(struct ztp_pending *pending, struct ztp_object *event,
		     struct ztp_error *error)
{
	struct ztp_path *parts = &pending->parts;
	struct ztp_str text;
	int rc = either(&text, event, DEVICE_PATH, CLIENT_ID, ZTP_ERR_PATH,
			error);

	if (rc)
		return rc;
	if (text.n > ZTP_PATH_MAX) /* says so */
		return ztp_path_parse(parts, text.p, text.n, error);
	memcpy(pending->path, text.p, text.n); /* zeros follow */
	return ztp_path_parse(parts, pending->path, text.n, error);
}

static int read_id(struct ztp_pending *pending, struct ztp_object *event,
		   struct ztp_error *error)
{
	struct ztp_str text;
	int rc = ztp_object_string(&text, event, REQUEST_ID, ZTP_REQUEST_ID_MAX,
				   error);

	if (rc || !text.p)
		return rc;
	if (!ztp_request_id_valid(text.p, text.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is not well-formed");
	memcpy(pending->request_id, text.p, text.n);
	return 0;
}

/* 0 stands for "none given", so a deadline in 1970 becomes 1. */
static int read_times(struct ztp_pending *pending, struct ztp_object *event,
		      int64_t now_ms, struct ztp_error *error)
{
	int64_t expires = INT64_MIN;
	int rc;

	pending->received_at = now_ms;
	rc = ztp_object_time(&pending->received_at, event, RECEIVED_AT, error);
	if (!rc)
		rc = ztp_object_time(&expires, event, EXPIRES_AT, error);
	if (rc || expires == INT64_MIN)
		return rc;
	if (expires > now_ms + ZTP_EXPIRY_MAX_MS)
		expires = now_ms + ZTP_EXPIRY_MAX_MS;
	pending->expires_at = expires < 1 ? 1 : expires;
	return 0;
}

/* Members of which only the type matters, and the trace, of which a bad one
 * is as good as none. */
static int read_rest(struct ztp_pending *pending, struct ztp_object *event,
		     struct ztp_error *error)
{
	struct ztp_str text = {NULL, 0};
	int64_t attempt;
	int rc;

	rc = ztp_object_int(&attempt, event, ATTEMPT, -EXACT_MAX, EXACT_MAX,
			    error);
	if (!rc)
		rc = ztp_object_string(&text, event, REMOTE_ADDR,
				       REMOTE_ADDR_MAX, error);
	if (!rc)
		rc = ztp_object_string(&text, event, TRACEPARENT,
				       ZTP_PENDING_MAX, error);
	if (!rc && text.p && ztp_traceparent_valid(text.p, text.n))
		memcpy(pending->traceparent, text.p, text.n);
	return rc;
}

/* Last, because it costs the most. */
static int read_cert(struct ztp_pending *pending, struct ztp_object *event,
		     int64_t now_ms, struct ztp_error *error)
{
	struct ztp_str text;
	int rc = either(&text, event, CERTIFICATE, USERNAME, ZTP_ERR_CERT,
			error);

	if (rc)
		return rc;
	rc = ztp_cert_parse(&pending->cert, text.p, text.n, error);
	if (rc)
		return rc;
	rc = ztp_cert_check_leaf(&pending->cert, now_ms, error);
	if (rc)
		ztp_cert_clear(&pending->cert);
	return rc;
}

int ztp_pending_parse(struct ztp_pending *pending, const char *text, size_t len,
		      int64_t now_ms, struct ztp_error *error)
{
	struct ztp_field fields[MEMBERS] = {
#define X(member, text) [member] = {.name = (text)},
		MEMBER_LIST(X)
#undef X
	};
	struct ztp_object event;
	int rc;

	memset(pending, 0, sizeof(*pending));
	rc = ztp_object_read(&event, fields, MEMBERS,
			     (struct ztp_str){text, len}, ZTP_PENDING_MAX,
			     error);
	if (rc)
		return rc;
	if (!event.is_object)
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	if (!rc)
		rc = read_path(pending, &event, error);
	if (!rc)
		rc = read_id(pending, &event, error);
	if (!rc)
		rc = read_times(pending, &event, now_ms, error);
	if (!rc)
		rc = read_rest(pending, &event, error);
	if (!rc)
		rc = read_cert(pending, &event, now_ms, error);
	ztp_object_clear(&event);
	return rc;
}

void ztp_pending_clear(struct ztp_pending *pending)
{
	if (pending)
		ztp_cert_clear(&pending->cert);
}

/* --- salvage: for the dead letter, from an event that was refused */

/* The member if it is a string, else NULL. */
static const char *string_or_null(const cJSON *object, const char *name)
{
	const char *text;

	if (ztp_json_string(&text, object, name, ZTP_PENDING_MAX, NULL))
		return NULL;
	return text;
}

static const char *path_or_null(const cJSON *object)
{
	static const char *const names[] = {ZTP_M_DEVICE_PATH, ZTP_M_CLIENT_ID};
	struct ztp_path path;
	const char *text;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		text = string_or_null(object, names[i]);
		if (text && !ztp_path_parse(&path, text, strlen(text), NULL))
			return text;
	}
	return NULL;
}

static bool salvage_members(cJSON *out, const cJSON *in, const char *path)
{
	const char *id = string_or_null(in, ZTP_M_REQUEST_ID);
	const char *received = string_or_null(in, ZTP_M_RECEIVED_AT);
	int64_t attempt = INT64_MIN, ms;
	bool ok = true;

	if (id && ztp_request_id_valid(id, strlen(id)))
		ok = cJSON_AddStringToObject(out, ZTP_M_REQUEST_ID, id);
	if (path)
		ok = ok &&
		     cJSON_AddStringToObject(out, ZTP_M_DEVICE_PATH, path);
	if (!ztp_json_int(&attempt, in, ZTP_M_ATTEMPT, -EXACT_MAX, EXACT_MAX,
			  NULL) &&
	    attempt != INT64_MIN)
		ok = ok && cJSON_AddNumberToObject(out, ZTP_M_ATTEMPT,
						   (double)attempt);
	/* A fraction may be of any length: digits enough to hide in. */
	if (received && strlen(received) <= TIME_TEXT_MAX &&
	    ztp_time_parse(&ms, received, strlen(received)))
		ok = ok &&
		     cJSON_AddStringToObject(out, ZTP_M_RECEIVED_AT, received);
	return ok;
}

int ztp_pending_salvage(char **json, char path[ZTP_PATH_MAX + 1],
			const char *text, size_t len)
{
	cJSON *in = NULL, *out = NULL;
	const char *found;
	int rc;

	*json = NULL;
	if (path)
		path[0] = '\0';
	rc = ztp_json_parse(&in, text, len, ZTP_PENDING_MAX, NULL);
	if (rc == ZTP_ERR_NOMEM)
		goto out;
	found = path_or_null(in);
	if (found && path)
		memcpy(path, found, strlen(found) + 1);
	rc = ZTP_ERR_NOMEM;
	out = cJSON_CreateObject();
	if (!out || !salvage_members(out, in, found))
		goto out;
	*json = out->child ? cJSON_PrintUnformatted(out) : strdup("");
	rc = *json ? 0 : ZTP_ERR_NOMEM;
out:
	cJSON_Delete(out);
	cJSON_Delete(in);
	return rc;
}
