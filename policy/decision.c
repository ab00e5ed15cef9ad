/*
 * A decision comes in one of two formats: native or OmniCore. cloudevent.c has
 * already unwrapped it. Each format has a reader here, which is chosen by the
 * member that holds the verdict and reads only what is special to the format.
 * Members that both formats have are read once. A new format is one more line
 * in readers[].
 *
 * A payload is copied as it was written. Its numbers never become doubles, so
 * the device gets exactly what the customer wrote.
 */
#include "ztp/decision.h"

#include <stdlib.h>
#include <string.h>

#include "policy/ascii.h"
#include "policy/cloudevent.h"
#include "policy/decision_salvage.h"
#include "policy/json_canonical.h"
#include "policy/json_write.h"
#include "ztp/member.h"

/* The members of a decision that we read, in all formats; first those that hold
 * the verdict, one for each format. */
#define MEMBER_LIST(X)                                                         \
	X(DECISION, ZTP_M_DECISION)                                            \
	X(IS_APPROVE, ZTP_M_IS_APPROVE)                                        \
	X(REQUEST_ID, ZTP_M_REQUEST_ID)                                        \
	X(DEVICE_PATH, ZTP_M_DEVICE_PATH)                                      \
	X(FINGERPRINT, ZTP_M_FINGERPRINT)                                      \
	X(REASON, ZTP_M_REASON)                                                \
	X(MESSAGE, ZTP_M_MESSAGE)                                              \
	X(DECIDED_BY, ZTP_M_DECIDED_BY)                                        \
	X(CONTENT_TYPE, ZTP_M_CONTENT_TYPE)                                    \
	X(PAYLOAD, ZTP_M_PAYLOAD)                                              \
	X(PAYLOAD_BASE64, ZTP_M_PAYLOAD_B64)                                   \
	X(CUSTOM_DATA, ZTP_M_CUSTOM_DATA)                                      \
	X(METADATA, ZTP_M_METADATA)

enum member {
#define X(member, text) member,
	MEMBER_LIST(X)
#undef X
		MEMBERS
};

const char *ztp_verdict_name(enum ztp_verdict verdict)
{
	return verdict == ZTP_APPROVE ? ZTP_VERDICT_APPROVE
				      : ZTP_VERDICT_REJECT;
}

/* --- small checks */

/* For every member but the payload, which may be any JSON, null and "" count
 * as absent. */
static bool given(const struct ztp_object *body, enum member member)
{
	return ztp_field_filled(&body->fields[member]);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* --- the payload */

static int set_payload(struct ztp_payload *payload, enum ztp_payload_kind kind,
		       const void *data, size_t len, struct ztp_error *error)
{
	if (len > ZTP_PAYLOAD_MAX)
		return ztp_fail(
			error, ZTP_ERR_TOO_LARGE,
			"the payload has %zu bytes, at most %d are allowed",
			len, ZTP_PAYLOAD_MAX);
	payload->data = malloc(len + 1);
	if (!payload->data)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	memcpy(payload->data, data, len);
	payload->data[len] = '\0';
	payload->len = len;
	payload->kind = kind;
	return 0;
}

/* The base64 has at most ZTP_DECISION_MAX bytes, the decoded bytes fewer. */
static int set_base64(struct ztp_payload *payload, struct ztp_str base64,
		      struct ztp_error *error)
{
	uint8_t *bytes = malloc(base64.n + 1);
	long n;
	int rc;

	if (!bytes)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	n = ztp_base64_decode(bytes, base64.n + 1, base64.p, base64.n);
	if (n < 0)
		rc = ztp_fail(error, ZTP_ERR_BASE64,
			      "payload_base64 is not base64");
	else
		rc = set_payload(payload, ZTP_PAYLOAD_BYTES, bytes, (size_t)n,
				 error);
	free(bytes);
	return rc;
}

/* A payload that is null or "" is that JSON value, but counts as absent beside
 * payload_base64. */
static int read_native_payload(struct ztp_payload *payload,
			       struct ztp_object *body, struct ztp_error *error)
{
	const struct ztp_field *json = &body->fields[PAYLOAD];
	struct ztp_str base64;
	int rc = ztp_object_text(&base64, body, PAYLOAD_BASE64,
				 ZTP_DECISION_MAX, error);

	if (rc)
		return rc;
	if (base64.p && ztp_field_filled(json))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"both payload and payload_base64 are given");
	if (base64.p)
		return set_base64(payload, base64, error);
	if (!json->kind)
		return 0;
	return set_payload(payload, ZTP_PAYLOAD_JSON, json->raw.p, json->raw.n,
			   error);
}

/* --- the formats */

static int read_native(struct ztp_decision *decision, struct ztp_object *body,
		       struct ztp_error *error)
{
	struct ztp_str verdict;
	int rc = ztp_object_text(&verdict, body, DECISION, ZTP_DECISION_MAX,
				 error);

	if (rc)
		return rc;
	if (ztp_str_is(verdict, ZTP_VERDICT_APPROVE))
		decision->verdict = ZTP_APPROVE;
	else if (ztp_str_is(verdict, ZTP_VERDICT_REJECT))
		decision->verdict = ZTP_REJECT;
	else
		return ztp_fail(error, ZTP_ERR_VALUE,
				"decision is neither approve nor reject");
	if (!decision->path[0])
		return ztp_fail(error, ZTP_ERR_MISSING,
				"device_path is missing");
	if (decision->verdict == ZTP_REJECT)
		return 0; /* has no payload, whatever is given */
	return read_native_payload(&decision->payload, body, error);
}

static int read_omnicore(struct ztp_decision *decision, struct ztp_object *body,
			 struct ztp_error *error)
{
	char verdict = body->fields[IS_APPROVE].kind;
	struct ztp_str text;
	int rc;

	if (verdict != 't' && verdict != 'f')
		return ztp_fail(error, ZTP_ERR_TYPE,
				"isApprove is not a boolean");
	if (verdict == 'f') {
		decision->verdict = ZTP_REJECT;
		return 0;
	}
	decision->verdict = ZTP_APPROVE;
	rc = ztp_object_text(&text, body, CUSTOM_DATA, ZTP_PAYLOAD_MAX, error);
	if (rc || !text.p)
		return rc;
	return set_payload(&decision->payload, ZTP_PAYLOAD_TEXT, text.p, text.n,
			   error);
}

static const struct reader {
	enum member verdict; /* the member that identifies this format */
	int (*read)(struct ztp_decision *decision, struct ztp_object *body,
		    struct ztp_error *error);
} readers[] = {
	{DECISION, read_native},
	{IS_APPROVE, read_omnicore},
};

/* The reader for this body. If there is none or more than one, returns NULL and
 * sets *rc. */
static const struct reader *find_reader(int *rc, const struct ztp_object *body,
					struct ztp_error *error)
{
	const struct reader *found = NULL;

	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		if (!given(body, readers[i].verdict))
			continue;
		if (found) {
			*rc = ztp_fail(error, ZTP_ERR_VALUE,
				       "both %s and %s are given",
				       body->fields[found->verdict].name,
				       body->fields[readers[i].verdict].name);
			return NULL;
		}
		found = &readers[i];
	}
	if (!found)
		*rc = ztp_fail(error, ZTP_ERR_MISSING, "decision is missing");
	return found;
}

/* --- metadata: an object of strings, normalised so that white space and
 * escapes do not matter */

struct metadata {
	struct ztp_writer out;
	char *scratch; /* owned; room for a name and its value */
	bool empty;
	struct ztp_error *error;
};

static int add_entry(void *arg, const struct ztp_json_item *item)
{
	struct metadata *metadata = arg;
	struct ztp_str name = {metadata->scratch, 0}, value;

	if (item->kind != '"')
		return ztp_fail(
			metadata->error, ZTP_ERR_TYPE,
			"metadata contains values that are not strings");
	name.n = ztp_json_unescape(metadata->scratch, item->name);
	value.p = metadata->scratch + name.n;
	value.n = ztp_json_unescape(metadata->scratch + name.n, item->string);
	ztp_json_add_pair(&metadata->out, name, value);
	metadata->empty = false;
	return 0;
}

static int read_metadata(struct ztp_decision *decision,
			 const struct ztp_field *field, struct ztp_error *error)
{
	struct metadata metadata = {.empty = true, .error = error};
	int rc;

	if (field->kind != '{')
		return ztp_fail(error, ZTP_ERR_TYPE,
				"metadata is not an object");
	metadata.scratch = malloc(field->raw.n);
	if (!metadata.scratch)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	ztp_json_start(&metadata.out, field->raw.n + 1);
	ztp_json_open(&metadata.out, NULL, '{');
	rc = ztp_json_each(field->raw, ZTP_DECISION_MAX, add_entry, &metadata,
			   error);
	ztp_json_close(&metadata.out, '}');
	if (rc || metadata.empty)
		ztp_json_discard(&metadata.out);
	else
		rc = ztp_json_finish(&decision->metadata, NULL, &metadata.out,
				     error);
	free(metadata.scratch);
	return rc;
}

/* --- members of all formats */

static int read_identity(struct ztp_decision *decision, struct ztp_object *body,
			 struct ztp_error *error)
{
	struct ztp_path path;
	struct ztp_str text;
	int rc = ztp_object_text(&text, body, REQUEST_ID, ZTP_REQUEST_ID_MAX,
				 error);

	if (rc)
		return rc;
	if (!text.p)
		return ztp_fail(error, ZTP_ERR_MISSING,
				"request_id is missing");
	if (!ztp_request_id_valid(text.p, text.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is not well-formed");
	memcpy(decision->request_id, text.p, text.n); /* already zeroed */

	rc = ztp_object_text(&text, body, DEVICE_PATH, ZTP_DECISION_MAX, error);
	if (!rc && text.p)
		rc = ztp_path_parse(&path, text.p, text.n, error);
	if (rc)
		return rc;
	if (text.p)
		memcpy(decision->path, text.p, text.n);

	rc = ztp_object_text(&text, body, FINGERPRINT, ZTP_DECISION_MAX, error);
	if (rc || !text.p)
		return rc;
	decision->has_fingerprint = ztp_hex_decode(
		decision->fingerprint, ZTP_SHA256_LEN, text.p, text.n);
	if (!decision->has_fingerprint)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"fingerprint_sha256 is not 64 hex digits");
	return 0;
}

/* The device is told of a rejection in any case, so what is too long for its
 * notice is cut. */
static int read_remark(char *out, size_t size, struct ztp_object *body,
		       enum member member, bool cut, struct ztp_error *error)
{
	struct ztp_str text;
	int rc;

	if (!cut)
		return ztp_object_copy(out, size, body, member, error);
	rc = ztp_object_string(&text, body, member, ZTP_DECISION_MAX, error);
	if (rc || !text.p)
		return rc;
	if (text.n >= size)
		text.n = ztp_utf8_cut(text.p, size - 1);
	memcpy(out, text.p, text.n); /* already zeroed */
	return 0;
}

static int read_remarks(struct ztp_decision *decision, struct ztp_object *body,
			struct ztp_error *error)
{
	char *type = decision->payload.content_type;
	/* Of a rejection, what goes with a payload or a device is not read. */
	bool cut = decision->verdict == ZTP_REJECT;
	int rc;

	rc = read_remark(decision->reason, sizeof(decision->reason), body,
			 REASON, cut, error);
	if (!rc)
		rc = read_remark(decision->message, sizeof(decision->message),
				 body, MESSAGE, cut, error);
	if (!rc)
		rc = read_remark(decision->decided_by,
				 sizeof(decision->decided_by), body, DECIDED_BY,
				 cut, error);
	if (!rc && !cut)
		rc = ztp_object_copy(type,
				     sizeof(decision->payload.content_type),
				     body, CONTENT_TYPE, error);
	if (rc)
		return rc;
	if (has_control(decision->reason) || has_control(decision->decided_by))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"control characters in reason or decided_by");
	if (type[0] && !ztp_ascii_media_type(type))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"content_type is not a media type");
	if (cut || !given(body, METADATA))
		return 0;
	return read_metadata(decision, &body->fields[METADATA], error);
}

static void read_trace(struct ztp_decision *decision,
		       const struct ztp_header *headers, size_t count)
{
	struct ztp_str trace =
		ztp_header_get(headers, count, ZTP_HEADER_TRACEPARENT);

	if (!trace.p)
		trace = ztp_header_get(headers, count,
				       ZTP_CE_HEADER(ZTP_HEADER_TRACEPARENT));
	if (trace.p && ztp_traceparent_valid(trace.p, trace.n))
		memcpy(decision->traceparent, trace.p, trace.n);
}

int ztp_decision_parse(struct ztp_decision *decision, const char *value,
		       size_t len, const struct ztp_header *headers,
		       size_t header_count, struct ztp_error *error)
{
	struct ztp_field fields[MEMBERS] = {
#define X(member, text) [member] = {.name = (text)},
		MEMBER_LIST(X)
#undef X
	};
	const struct reader *reader;
	struct ztp_str text = {value, len};
	struct ztp_body body;
	int rc;

	memset(decision, 0, sizeof(*decision));
	(void)ztp_str_take(&text, "\xef\xbb\xbf"); /* RFC 8259, section 8.1 */
	rc = ztp_body_open(&body, fields, MEMBERS, REQUEST_ID, text,
			   ZTP_DECISION_MAX, headers, header_count, error);
	if (rc) {
		ztp_decision_salvage(decision, text);
		return rc;
	}
	/* First what it is about: the caller answers for that even if the rest
	 * cannot be read. */
	rc = read_identity(decision, &body.object, error);
	reader = rc ? NULL : find_reader(&rc, &body.object, error);
	if (!reader)
		goto out;
	rc = reader->read(decision, &body.object, error);
	if (!rc)
		rc = read_remarks(decision, &body.object, error);
	if (!rc)
		read_trace(decision, headers, header_count);
out:
	if (rc)
		ztp_decision_clear(decision);
	ztp_body_close(&body);
	return rc;
}

void ztp_decision_clear(struct ztp_decision *decision)
{
	if (!decision)
		return;
	free(decision->payload.data);
	decision->payload.data = NULL;
	decision->payload.len = 0;
	decision->payload.kind = ZTP_PAYLOAD_NONE;
	free(decision->metadata);
	decision->metadata = NULL;
}

/* Hashes the data by itself first, so that everything but the content type
 * at the end has a fixed length. Different decisions cannot give the same
 * input. */
static void digest(uint8_t out[ZTP_SHA256_LEN],
		   const struct ztp_decision *decision, const void *data,
		   size_t len)
{
	const struct ztp_payload *payload = &decision->payload;
	uint8_t all[2 + ZTP_SHA256_LEN + ZTP_CONTENT_TYPE_MAX];
	size_t type = strnlen(payload->content_type, ZTP_CONTENT_TYPE_MAX);

	all[0] = (uint8_t)decision->verdict;
	all[1] = (uint8_t)payload->kind;
	ztp_sha256(all + 2, len ? data : "", len);
	memcpy(all + 2 + ZTP_SHA256_LEN, payload->content_type, type);
	ztp_sha256(out, all, 2 + ZTP_SHA256_LEN + type);
}

void ztp_decision_digest_written(uint8_t out[ZTP_SHA256_LEN],
				 const struct ztp_decision *decision)
{
	digest(out, decision, decision->payload.data, decision->payload.len);
}

/* Without memory for the canonical form, a decision is the same only if it is
 * written the same. */
void ztp_decision_digest(uint8_t out[ZTP_SHA256_LEN],
			 const struct ztp_decision *decision)
{
	const struct ztp_payload *payload = &decision->payload;
	const struct ztp_str text = {(const char *)payload->data, payload->len};
	char *canonical;
	size_t n;

	if (payload->kind != ZTP_PAYLOAD_JSON ||
	    ztp_json_canonical(&canonical, &n, text, text.n, NULL) != 0) {
		ztp_decision_digest_written(out, decision);
		return;
	}
	digest(out, decision, canonical, n);
	free(canonical);
}
