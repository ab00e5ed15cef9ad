#include "ztp/pending.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/json.h"

#define EXACT_MAX	9007199254740991LL /* 2^53 - 1 */
#define REMOTE_ADDR_MAX 1024
#define TIME_TEXT_MAX	40

bool ztp_request_id_valid(const char *text, size_t len)
{
	if (len < 1 || len > ZTP_REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '~' || c == '-'))
			return false;
	}
	return true;
}

/* A member that has two names: either, or both if they agree. */
static int either(const char **value, const cJSON *object, const char *name,
		  const char *other, enum ztp_err differ,
		  struct ztp_error *error)
{
	const char *second;
	int rc = ztp_json_string(value, object, name, ZTP_PENDING_MAX, error);

	if (!rc)
		rc = ztp_json_string(&second, object, other, ZTP_PENDING_MAX,
				     error);
	if (rc)
		return rc;
	if (*value && second && strcmp(*value, second) != 0)
		return ztp_fail(error, differ, "%s and %s differ", name, other);
	if (!*value)
		*value = second;
	if (!*value)
		return ztp_fail(error, ZTP_ERR_MISSING, "%s is missing", name);
	return 0;
}

static int read_path(struct ztp_pending *pending, const cJSON *object,
		     struct ztp_error *error)
{
	struct ztp_path path;
	const char *text;
	int rc = either(&text, object, "device_path", "client_id", ZTP_ERR_PATH,
			error);

	if (!rc)
		rc = ztp_path_parse(&path, text, strlen(text), error);
	if (rc)
		return rc;
	memcpy(pending->path, text, strlen(text) + 1);
	return ztp_path_parse(&pending->parts, pending->path, strlen(text),
			      error);
}

static int read_id(struct ztp_pending *pending, const cJSON *object,
		   struct ztp_error *error)
{
	const char *text;
	int rc = ztp_json_string(&text, object, "request_id",
				 ZTP_REQUEST_ID_MAX, error);

	if (rc || !text)
		return rc;
	if (!ztp_request_id_valid(text, strlen(text)))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is not well-formed");
	memcpy(pending->request_id, text, strlen(text) + 1);
	return 0;
}

/* 0 stands for "none given", so a deadline in 1970 becomes 1. */
static int read_times(struct ztp_pending *pending, const cJSON *object,
		      int64_t now_ms, struct ztp_error *error)
{
	int64_t expires = INT64_MIN;
	int rc;

	pending->received_at = now_ms;
	rc = ztp_json_time(&pending->received_at, object, "received_at", error);
	if (!rc)
		rc = ztp_json_time(&expires, object, "expires_at", error);
	if (rc || expires == INT64_MIN)
		return rc;
	if (expires > now_ms + ZTP_EXPIRY_MAX_MS)
		expires = now_ms + ZTP_EXPIRY_MAX_MS;
	pending->expires_at = expires < 1 ? 1 : expires;
	return 0;
}

/* Members of which only the type matters, and the trace, of which a bad one
 * is as good as none. */
static int read_rest(struct ztp_pending *pending, const cJSON *object,
		     struct ztp_error *error)
{
	int64_t attempt = 0;
	const char *text = NULL;
	int rc;

	rc = ztp_json_int(&attempt, object, "attempt", -EXACT_MAX, EXACT_MAX,
			  error);
	if (!rc)
		rc = ztp_json_string(&text, object, "remote_addr",
				     REMOTE_ADDR_MAX, error);
	if (!rc)
		rc = ztp_json_string(&text, object, "traceparent",
				     ZTP_PENDING_MAX, error);
	if (!rc && text && ztp_traceparent_valid(text, strlen(text)))
		memcpy(pending->traceparent, text, strlen(text) + 1);
	return rc;
}

/* Last, because it costs the most. */
static int read_cert(struct ztp_pending *pending, const cJSON *object,
		     int64_t now_ms, struct ztp_error *error)
{
	const char *text;
	int rc = either(&text, object, "certificate", "username", ZTP_ERR_CERT,
			error);

	if (rc)
		return rc;
	rc = ztp_cert_parse(&pending->cert, text, strlen(text), error);
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
	cJSON *tree;
	int rc;

	memset(pending, 0, sizeof(*pending));
	rc = ztp_json_parse(&tree, text, len, ZTP_PENDING_MAX, error);
	if (rc)
		return rc;
	if (!cJSON_IsObject(tree))
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	if (!rc)
		rc = read_path(pending, tree, error);
	if (!rc)
		rc = read_id(pending, tree, error);
	if (!rc)
		rc = read_times(pending, tree, now_ms, error);
	if (!rc)
		rc = read_rest(pending, tree, error);
	if (!rc)
		rc = read_cert(pending, tree, now_ms, error);
	cJSON_Delete(tree);
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
	static const char *const names[] = {"device_path", "client_id"};
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
	const char *id = string_or_null(in, "request_id");
	const char *received = string_or_null(in, "received_at");
	int64_t attempt = INT64_MIN, ms;
	bool ok = true;

	if (id && ztp_request_id_valid(id, strlen(id)))
		ok = cJSON_AddStringToObject(out, "request_id", id);
	if (path)
		ok = ok && cJSON_AddStringToObject(out, "device_path", path);
	if (!ztp_json_int(&attempt, in, "attempt", -EXACT_MAX, EXACT_MAX,
			  NULL) &&
	    attempt != INT64_MIN)
		ok = ok &&
		     cJSON_AddNumberToObject(out, "attempt", (double)attempt);
	/* A fraction may be of any length: digits enough to hide in. */
	if (received && strlen(received) <= TIME_TEXT_MAX &&
	    ztp_time_parse(&ms, received, strlen(received)))
		ok = ok &&
		     cJSON_AddStringToObject(out, "received_at", received);
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
