#include "ztp/pending.h"
#include "ztp/member.h"

#include <stdlib.h>
#include <string.h>

#include "policy/ascii.h"
#include "policy/json_write.h"
#include "ztp/json.h"

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

/* The members of an event that we read. password and jwt are not among them. */
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

static const struct ztp_field wanted[MEMBERS] = {
#define X(member, text) [member] = {.name = (text)},
	MEMBER_LIST(X)
#undef X
};

static int open_event(struct ztp_object *event,
		      struct ztp_field fields[MEMBERS], const char *text,
		      size_t len, struct ztp_error *error)
{
	memcpy(fields, wanted, sizeof(wanted));
	return ztp_object_read(event, fields, MEMBERS,
			       (struct ztp_str){text, len}, ZTP_PENDING_MAX,
			       error);
}

/* A member with two names: the event has one of them, or both with the same
 * value. "" beside the other counts as absent. */
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
	if (value->n > 0 && second.n > 0 &&
	    (value->n != second.n || memcmp(value->p, second.p, second.n) != 0))
		return ztp_fail(error, differ, "%s and %s differ",
				fields[name].name, fields[other].name);
	if (second.n > 0 || !value->p)
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
	if (text.n > ZTP_PATH_MAX) /* fails with the right message */
		return ztp_path_parse(parts, text.p, text.n, error);
	memcpy(pending->path, text.p, text.n); /* already zeroed */
	return ztp_path_parse(parts, pending->path, text.n, error);
}

static int read_id(struct ztp_pending *pending, struct ztp_object *event,
		   struct ztp_error *error)
{
	struct ztp_str text;
	int rc = ztp_object_text(&text, event, REQUEST_ID, ZTP_REQUEST_ID_MAX,
				 error);

	if (rc || !text.p)
		return rc;
	if (!ztp_request_id_valid(text.p, text.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is not well-formed");
	memcpy(pending->request_id, text.p, text.n);
	return 0;
}

/* 0 means that there is no deadline, so one in 1970 becomes 1. */
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

/* Members of which only the type matters, and the traceparent: an invalid one
 * counts as absent. */
static int read_rest(struct ztp_pending *pending, struct ztp_object *event,
		     struct ztp_error *error)
{
	struct ztp_str text = {NULL, 0};
	int64_t attempt;
	int rc;

	rc = ztp_object_int(&attempt, event, ATTEMPT, INT64_MIN, INT64_MAX,
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

/* Comes last because it costs the most. */
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
	struct ztp_field fields[MEMBERS];
	struct ztp_object event;
	int rc;

	memset(pending, 0, sizeof(*pending));
	rc = open_event(&event, fields, text, len, error);
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

/* --- what a dead letter may show of a refused event */

#define SALVAGE_ROOM 1024 /* bytes; the longest path fits */

/* A member of another type counts as absent. False: out of memory. */
static bool string_or_none(struct ztp_str *text, struct ztp_object *event,
			   enum member member)
{
	return ztp_object_string(text, event, member, ZTP_PENDING_MAX, NULL) !=
	       ZTP_ERR_NOMEM;
}

static bool salvage_path(struct ztp_salvaged *salvaged,
			 struct ztp_object *event)
{
	static const enum member names[] = {DEVICE_PATH, CLIENT_ID};
	struct ztp_path path;
	struct ztp_str text;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!string_or_none(&text, event, names[i]))
			return false;
		if (!text.p || ztp_path_parse(&path, text.p, text.n, NULL))
			continue;
		memcpy(salvaged->path, text.p, text.n); /* already zeroed */
		break;
	}
	return true;
}

static bool salvage_id(struct ztp_salvaged *salvaged, struct ztp_object *event)
{
	struct ztp_str id;

	if (!string_or_none(&id, event, REQUEST_ID))
		return false;
	if (id.p && ztp_request_id_valid(id.p, id.n))
		memcpy(salvaged->request_id, id.p, id.n); /* already zeroed */
	return true;
}

/* The length is limited because a fraction could hide any number of digits. */
static bool salvage_time(struct ztp_str *text, struct ztp_object *event)
{
	int64_t ms;

	if (!string_or_none(text, event, RECEIVED_AT))
		return false;
	if (text->p &&
	    (text->n > TIME_TEXT_MAX || !ztp_time_parse(&ms, text->p, text->n)))
		text->p = NULL;
	return true;
}

static int salvage(struct ztp_salvaged *salvaged, struct ztp_object *event)
{
	int64_t attempt = INT64_MIN;
	struct ztp_writer out;
	struct ztp_str time;

	if (!salvage_path(salvaged, event) || !salvage_id(salvaged, event) ||
	    !salvage_time(&time, event))
		return ZTP_ERR_NOMEM;
	(void)ztp_object_int(&attempt, event, ATTEMPT, INT64_MIN, INT64_MAX,
			     NULL);
	if (!*salvaged->request_id && !*salvaged->path &&
	    attempt == INT64_MIN && !time.p)
		return 0;
	ztp_json_start(&out, SALVAGE_ROOM);
	ztp_json_open(&out, NULL, '{');
	if (*salvaged->request_id)
		ztp_json_add_string(&out, ZTP_M_REQUEST_ID,
				    salvaged->request_id);
	if (*salvaged->path)
		ztp_json_add_string(&out, ZTP_M_DEVICE_PATH, salvaged->path);
	if (attempt != INT64_MIN)
		ztp_json_add_int(&out, ZTP_M_ATTEMPT, attempt);
	if (time.p)
		ztp_json_add_text(&out, ZTP_M_RECEIVED_AT, time);
	ztp_json_close(&out, '}');
	return ztp_json_finish(&salvaged->json, NULL, &out, NULL);
}

int ztp_pending_salvage(struct ztp_salvaged *salvaged, const char *text,
			size_t len)
{
	struct ztp_field fields[MEMBERS];
	struct ztp_object event;
	int rc;

	memset(salvaged, 0, sizeof(*salvaged));
	rc = open_event(&event, fields, text, len, NULL);
	if (rc)
		return rc == ZTP_ERR_NOMEM ? rc : 0;
	rc = salvage(salvaged, &event);
	ztp_object_clear(&event);
	return rc;
}

void ztp_salvaged_clear(struct ztp_salvaged *salvaged)
{
	if (!salvaged)
		return;
	free(salvaged->json);
	salvaged->json = NULL;
}
