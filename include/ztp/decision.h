/*
 * ztp/decision.h - a customer's decision, in any of its spellings: the native
 * object, the OmniCore body, and either of them inside a CloudEvent, binary
 * or structured (DESIGN sections 3 and 11). To add a format: one reader in
 * policy/decision.c's table.
 */
#ifndef ZTP_DECISION_H
#define ZTP_DECISION_H

#include "ztp/event.h"
#include "ztp/pending.h"

#define ZTP_DECISION_MAX     (256 * 1024)
#define ZTP_PAYLOAD_MAX	     (64 * 1024)
#define ZTP_REASON_MAX	     128  /* a machine code */
#define ZTP_MESSAGE_MAX	     1024 /* for people */
#define ZTP_CONTENT_TYPE_MAX 128

#define ZTP_VERDICT_REJECT  "reject"
#define ZTP_VERDICT_APPROVE "approve"

enum ztp_verdict { ZTP_REJECT = 0, ZTP_APPROVE = 1 };

/* ZTP_VERDICT_*. */
const char *ztp_verdict_name(enum ztp_verdict verdict);

enum ztp_payload_kind {
	ZTP_PAYLOAD_NONE,
	ZTP_PAYLOAD_JSON,  /* data is JSON text as the customer wrote it */
	ZTP_PAYLOAD_BYTES, /* data is what payload_base64 decodes to */
	ZTP_PAYLOAD_TEXT,  /* OmniCore: data is the string's own characters */
};

struct ztp_payload {
	enum ztp_payload_kind kind;
	uint8_t *data; /* owned */
	size_t len;
	char content_type[ZTP_CONTENT_TYPE_MAX + 1]; /* "" when none given */
};

struct ztp_decision {
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1]; /* "" in an OmniCore body without it */
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

/* value may be NULL (a tombstone: ZTP_ERR_EMPTY). On success the caller owns
 * *decision: ztp_decision_clear. */
int ztp_decision_parse(struct ztp_decision *decision, const char *value,
		       size_t len, const struct ztp_header *headers,
		       size_t header_count, struct ztp_error *error);
void ztp_decision_clear(struct ztp_decision *decision);

/* What makes two decisions the same one: verdict and payload (kind, bytes,
 * content type), as SHA-256. */
void ztp_decision_digest(uint8_t out[ZTP_SHA256_LEN],
			 const struct ztp_decision *decision);

#endif
