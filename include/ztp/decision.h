/*
 * ztp/decision.h - reads a customer's decision in any of its formats: the
 * native object or the OmniCore body, each plain or in a CloudEvent, binary or
 * structured (DESIGN sections 3 and 11; CloudEvents 1.0, Kafka Protocol Binding
 * section 3, JSON Event Format section 3). A new format is one more reader in the
 * table in policy/decision.c. Pure; any thread. Sizes are in bytes.
 */
#ifndef ZTP_DECISION_H
#define ZTP_DECISION_H

#include "ztp/event.h"
#include "ztp/pending.h"

#define ZTP_DECISION_MAX     (256 * 1024)
#define ZTP_PAYLOAD_MAX	     (64 * 1024)
#define ZTP_REASON_MAX	     128  /* a code for programs */
#define ZTP_MESSAGE_MAX	     1024 /* a text for people */
#define ZTP_CONTENT_TYPE_MAX 128

#define ZTP_VERDICT_REJECT  "reject"
#define ZTP_VERDICT_APPROVE "approve"

enum ztp_verdict { ZTP_REJECT = 0, ZTP_APPROVE = 1 };

/* ZTP_VERDICT_*. */
const char *ztp_verdict_name(enum ztp_verdict verdict);

enum ztp_payload_kind {
	ZTP_PAYLOAD_NONE,
	ZTP_PAYLOAD_JSON,  /* data is the JSON text as the customer wrote it */
	ZTP_PAYLOAD_BYTES, /* data is the decoded payload_base64 */
	ZTP_PAYLOAD_TEXT,  /* OmniCore: data is the string's characters */
};

struct ztp_payload {
	enum ztp_payload_kind kind;
	uint8_t *data; /* owned */
	size_t len;
	char content_type[ZTP_CONTENT_TYPE_MAX + 1]; /* "": none given */
};

struct ztp_decision {
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1]; /* "": an OmniCore body without one */
	enum ztp_verdict verdict;
	bool has_fingerprint;
	uint8_t fingerprint[ZTP_SHA256_LEN];
	char reason[ZTP_REASON_MAX + 1];
	char message[ZTP_MESSAGE_MAX + 1];
	char decided_by[ZTP_REASON_MAX + 1];
	char traceparent[ZTP_TRACEPARENT_LEN];
	struct ztp_payload payload;
	char *metadata; /* owned: a JSON object of strings; NULL: none */
};

/* value may be NULL (a tombstone), which is ZTP_ERR_EMPTY. Returns 0, an error of
 * ztp_json_check, or ZTP_ERR_CLOUDEVENT, _TYPE, _MISSING, _VALUE, _PATH, _BASE64
 * or _TOO_LARGE. On success the caller owns *decision and frees it with
 * ztp_decision_clear. After a failure there is nothing to free, and request_id
 * and path are what could be read of them, else ""; a body that is a decision
 * without a good request_id has no path either. A rejection has no payload, and
 * its reason, message and decided_by are cut where they are too long. */
int ztp_decision_parse(struct ztp_decision *decision, const char *value,
		       size_t len, const struct ztp_header *headers,
		       size_t header_count, struct ztp_error *error);
void ztp_decision_clear(struct ztp_decision *decision);

/* The SHA-256 of what makes two decisions the same: the verdict and the
 * payload's kind, content type and bytes. Of a JSON payload not the bytes count
 * but the value: white space, the order of members and escapes are the
 * serializer's, and a customer's may write the same decision differently each
 * time. Numbers count as they are written. */
void ztp_decision_digest(uint8_t out[ZTP_SHA256_LEN],
			 const struct ztp_decision *decision);

/* The same digest, but of a JSON payload's bytes as they are written. Earlier
 * versions stored this one. */
void ztp_decision_digest_written(uint8_t out[ZTP_SHA256_LEN],
				 const struct ztp_decision *decision);

#endif
