#include "tools/common/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_tree.h"
#include "tools/common/template.h"
#include "ztp/fingerprint.h"
#include "ztp/member.h"
#include "ztp/topics.h"

#define SOURCE ZTP_APPROVER

bool ztp_answer_format_parse(enum ztp_answer_format *format, const char *name)
{
	static const char *const names[] = {
		[ZTP_ANSWER_NATIVE] = "native",
		[ZTP_ANSWER_OMNICORE] = "omnicore",
		[ZTP_ANSWER_CE_BINARY] = "cloudevent",
		[ZTP_ANSWER_CE_STRUCTURED] = "cloudevent-structured",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*format = (enum ztp_answer_format)i;
			return true;
		}
	return false;
}

const char *ztp_answer_verdict(const struct ztp_answer *answer)
{
	return answer->leave
		       ? ZTP_ANSWER_LEAVE
		       : ztp_verdict_name((enum ztp_verdict)answer->approve);
}

/* --- payloads */

static void judge(struct ztp_attachment *attachment)
{
	attachment->json = ztp_json_check(attachment->data, attachment->len,
					  ZTP_PAYLOAD_MAX, NULL) == 0;
	attachment->text = ztp_utf8_valid(attachment->data, attachment->len);
}

int ztp_attachment_load(struct ztp_attachment *attachment, const char *path,
			struct ztp_error *error)
{
	int rc;

	memset(attachment, 0, sizeof(*attachment));
	rc = ztp_file_read(&attachment->data, &attachment->len, path,
			   ZTP_PAYLOAD_MAX, error);
	if (!rc && !attachment->len) {
		ztp_attachment_clear(attachment);
		rc = ztp_fail(error, ZTP_ERR_EMPTY, "%.150s is empty", path);
	}
	if (!rc)
		judge(attachment);
	return rc;
}

int ztp_attachment_set(struct ztp_attachment *attachment, const char *data,
		       size_t len, struct ztp_error *error)
{
	memset(attachment, 0, sizeof(*attachment));
	if (len > ZTP_PAYLOAD_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE, "more than %d bytes",
				ZTP_PAYLOAD_MAX);
	attachment->data = malloc(len + 1);
	if (!attachment->data)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	memcpy(attachment->data, data, len);
	attachment->data[len] = '\0';
	attachment->len = len;
	judge(attachment);
	return 0;
}

bool ztp_attachment_fits(const struct ztp_attachment *attachment,
			 enum ztp_answer_format format)
{
	return format != ZTP_ANSWER_OMNICORE || !attachment->data ||
	       attachment->text;
}

bool ztp_attachment_is_spoilt(const struct ztp_attachment *attachment,
			      struct ztp_error *why)
{
	const char *text = attachment->data;

	if (!text || attachment->json || attachment->is_template ||
	    attachment->content_type[0])
		return false;
	text += ztp_bom_len(text, attachment->len);
	if (text[strspn(text, " \t\r\n")] != '{')
		return false;
	return ztp_json_check(attachment->data, attachment->len,
			      ZTP_PAYLOAD_MAX, why) != 0;
}

void ztp_attachment_clear(struct ztp_attachment *attachment)
{
	free(attachment->data);
	memset(attachment, 0, sizeof(*attachment));
}

/* --- the bodies; each fails only without memory */

static bool add_string(cJSON *object, const char *name, const char *text)
{
	if (!text || !*text)
		return true;
	return cJSON_AddStringToObject(object, name, text) != NULL;
}

/* JSON is copied as it was written, so its numbers keep their digits. */
static bool add_payload(cJSON *object, const struct ztp_attachment *payload)
{
	bool ok;

	if (!payload || !payload->data)
		return true;
	ok = payload->json ? cJSON_AddRawToObject(object, ZTP_M_PAYLOAD,
						  payload->data) != NULL
			   : ztp_tree_add_base64(object, ZTP_M_PAYLOAD_B64,
						 payload->data, payload->len);
	return ok &&
	       add_string(object, ZTP_M_CONTENT_TYPE, payload->content_type);
}

static cJSON *native_body(const struct ztp_ask *ask,
			  const struct ztp_answer *answer)
{
	const char *verdict =
		ztp_verdict_name((enum ztp_verdict)answer->approve);
	cJSON *body = cJSON_CreateObject();

	if (body && add_string(body, ZTP_M_REQUEST_ID, ask->request_id) &&
	    add_string(body, ZTP_M_DEVICE_PATH, ask->path) &&
	    add_string(body, ZTP_M_DECISION, verdict) &&
	    add_string(body, ZTP_M_FINGERPRINT, ask->fingerprint) &&
	    add_string(body, ZTP_M_REASON, answer->reason) &&
	    add_string(body, ZTP_M_MESSAGE, answer->message) &&
	    add_string(body, ZTP_M_DECIDED_BY, answer->decided_by) &&
	    add_payload(body, answer->payload))
		return body;
	cJSON_Delete(body);
	return NULL;
}

static cJSON *omnicore_body(const struct ztp_ask *ask,
			    const struct ztp_answer *answer)
{
	cJSON *body = cJSON_CreateObject();
	bool ok =
		body && add_string(body, ZTP_M_REQUEST_ID, ask->request_id) &&
		add_string(body, ZTP_M_DEVICE_PATH, ask->path) &&
		cJSON_AddBoolToObject(body, ZTP_M_IS_APPROVE, answer->approve);

	if (ok && answer->payload && answer->payload->data)
		ok = cJSON_AddStringToObject(body, ZTP_M_CUSTOM_DATA,
					     answer->payload->data);
	if (ok)
		return body;
	cJSON_Delete(body);
	return NULL;
}

static cJSON *structured_body(const struct ztp_answer_record *record,
			      const struct ztp_ask *ask,
			      const struct ztp_answer *answer)
{
	cJSON *data = native_body(ask, answer);
	cJSON *body = cJSON_CreateObject();

	if (data && body &&
	    add_string(body, ZTP_CE_SPECVERSION, ZTP_CE_VERSION) &&
	    add_string(body, ZTP_CE_ID, record->id) &&
	    add_string(body, ZTP_CE_SOURCE, ZTP_APPROVER) &&
	    add_string(body, ZTP_CE_TYPE, ZTP_ANSWER_TYPE) &&
	    add_string(body, ZTP_CE_SUBJECT, ask->path) &&
	    add_string(body, ZTP_CE_TIME, record->time) &&
	    add_string(body, ZTP_CE_CONTENT_TYPE, ZTP_MEDIA_JSON) &&
	    add_string(body, ZTP_HEADER_TRACEPARENT, ask->traceparent) &&
	    cJSON_AddItemToObject(body, ZTP_CE_DATA, data))
		return body;
	cJSON_Delete(data);
	cJSON_Delete(body);
	return NULL;
}

/* --- records */

static void make_id(char out[33], const struct ztp_ask *ask, bool approve)
{
	char text[ZTP_REQUEST_ID_MAX + 16];
	uint8_t hash[ZTP_SHA256_LEN];
	int n = snprintf(text, sizeof(text), "%s %s", ask->request_id,
			 ztp_verdict_name((enum ztp_verdict)approve));

	ztp_sha256(hash, text, (size_t)n);
	ztp_hex_encode(out, hash, 16);
}

static void add_header(struct ztp_answer_record *record, const char *name,
		       const char *value)
{
	record->headers[record->header_count++] =
		(struct ztp_header){name, {value, strlen(value)}};
}

static void add_headers(struct ztp_answer_record *record,
			enum ztp_answer_format format,
			const struct ztp_ask *ask)
{
	bool structured = format == ZTP_ANSWER_CE_STRUCTURED;

	if (format == ZTP_ANSWER_CE_BINARY) {
		add_header(record, ZTP_CE_HEADER(ZTP_CE_SPECVERSION),
			   ZTP_CE_VERSION);
		add_header(record, ZTP_CE_HEADER(ZTP_CE_ID), record->id);
		add_header(record, ZTP_CE_HEADER(ZTP_CE_SOURCE), ZTP_APPROVER);
		add_header(record, ZTP_CE_HEADER(ZTP_CE_TYPE), ZTP_ANSWER_TYPE);
		add_header(record, ZTP_CE_HEADER(ZTP_CE_SUBJECT), ask->path);
		add_header(record, ZTP_CE_HEADER(ZTP_CE_TIME), record->time);
	}
	add_header(record, ZTP_HEADER_CONTENT_TYPE,
		   structured ? ZTP_MEDIA_EVENT "; charset=utf-8"
			      : ZTP_MEDIA_JSON);
	if (ask->traceparent[0])
		add_header(record, ZTP_HEADER_TRACEPARENT, ask->traceparent);
}

static int build(struct ztp_answer_record *record,
		 enum ztp_answer_format format, const struct ztp_ask *ask,
		 const struct ztp_answer *answer, int64_t now_ms,
		 struct ztp_error *error)
{
	cJSON *body;

	memset(record, 0, sizeof(*record));
	if (answer->payload && !ztp_attachment_fits(answer->payload, format))
		return ztp_fail(error, ZTP_ERR_UTF8,
				"the payload is not text, as customOnboardData "
				"requires");
	make_id(record->id, ask, answer->approve);
	ztp_time_format(record->time, now_ms);
	add_headers(record, format, ask);
	if (format == ZTP_ANSWER_OMNICORE)
		body = omnicore_body(ask, answer);
	else if (format == ZTP_ANSWER_CE_STRUCTURED)
		body = structured_body(record, ask, answer);
	else
		body = native_body(ask, answer);
	record->value = body ? cJSON_PrintUnformatted(body) : NULL;
	cJSON_Delete(body);
	if (!record->value)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	record->len = strlen(record->value);
	/* A payload nested as deep as allowed is too deep inside a body. Report
	 * that here rather than in the dead letters. */
	if (ztp_json_check(record->value, record->len, ZTP_DECISION_MAX,
			   error) == 0)
		return 0;
	ztp_answer_clear(record);
	return ZTP_ERR_JSON;
}

int ztp_answer_build(struct ztp_answer_record *record,
		     enum ztp_answer_format format, const struct ztp_ask *ask,
		     const struct ztp_answer *answer, int64_t now_ms,
		     struct ztp_error *error)
{
	struct ztp_answer filled = *answer;
	struct ztp_attachment payload;
	int rc;

	if (!answer->payload || !answer->payload->is_template)
		return build(record, format, ask, answer, now_ms, error);
	rc = ztp_template_fill(&payload, answer->payload, ask, error);
	if (rc)
		return rc;
	filled.payload = &payload;
	rc = build(record, format, ask, &filled, now_ms, error);
	ztp_attachment_clear(&payload);
	return rc;
}

void ztp_answer_clear(struct ztp_answer_record *record)
{
	cJSON_free(record->value);
	memset(record, 0, sizeof(*record));
}
