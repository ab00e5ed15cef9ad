/*
 * ztp/result.h - the records in ztp.results: one for each request that ends,
 * one for each decision that had no effect, and the device's own word after its
 * onboarding (applied, apply_failed). DESIGN section 3. Pure; any thread.
 */
#ifndef ZTP_RESULT_H
#define ZTP_RESULT_H

#include "ztp/code.h"
#include "ztp/pending.h"

/* X(NAME, "outcome", code, STATUS). A new outcome is one line here. */
#define ZTP_OUTCOME_LIST(X)                                                    \
	X(ONBOARDED, "onboarded", 200, ZTP_CODE_OK)                            \
	X(REJECTED, "rejected", 200, ZTP_CODE_OK)                              \
	X(CONFLICT, "conflict", 409, ZTP_CODE_ALREADY_EXISTS)                  \
	X(EXPIRED, "expired", 504, ZTP_CODE_DEADLINE_EXCEEDED)                 \
	X(UNDELIVERABLE, "undeliverable", 503, ZTP_CODE_UNAVAILABLE)           \
	X(FAILED, "failed", 500, ZTP_CODE_INTERNAL)                            \
	X(WITHDRAWN, "withdrawn", 409, ZTP_CODE_ABORTED)                       \
	X(UNKNOWN_REQUEST, "unknown_request", 404, ZTP_CODE_NOT_FOUND)         \
	X(MISMATCH, "mismatch", 400, ZTP_CODE_INVALID_ARGUMENT)                \
	X(INVALID, "invalid", 400, ZTP_CODE_INVALID_ARGUMENT)                  \
	X(DUPLICATE, "duplicate", 200, ZTP_CODE_OK)                            \
	X(APPLIED, "applied", 200, ZTP_CODE_OK)                                \
	X(APPLY_FAILED, "apply_failed", 500, ZTP_CODE_INTERNAL)                \
	X(ALREADY_DECIDED, "already_decided", 409, ZTP_CODE_FAILED_PRECONDITION)

enum ztp_outcome {
#define X(name, text, code, status) ZTP_OUTCOME_##name,
	ZTP_OUTCOME_LIST(X)
#undef X
		ZTP_OUTCOME_COUNT
};

const char *ztp_outcome_name(enum ztp_outcome outcome);
int ztp_outcome_code(enum ztp_outcome outcome);
const char *ztp_outcome_status(enum ztp_outcome outcome);

/* `delivery` in `onboarded`: how it is known that the device has its command.
 * X(NAME, "delivery") */
#define ZTP_DELIVERY_LIST(X)                                                   \
	X(NONE, "")	    /* not known, or it does not matter */             \
	X(BROKER, "broker") /* the broker's word alone */                      \
	X(SUBSCRIBER,                                                          \
	  "subscriber")	    /* and the gate says that the device's own \
				       session is subscribed */       \
	X(DEVICE, "device") /* the device answered that it applied it */

enum ztp_delivery {
#define X(name, text) ZTP_DELIVERY_##name,
	ZTP_DELIVERY_LIST(X)
#undef X
		ZTP_DELIVERY_COUNT
};

const char *ztp_delivery_name(enum ztp_delivery delivery);

#define ZTP_RESULT_TYPE_MAX 64

struct ztp_position { /* of a decision's record; topic NULL: no decision */
	const char *topic;
	int partition;
	int64_t offset;
};

struct ztp_result {
	const char *request_id;
	const char *path; /* NULL or "": left out */
	enum ztp_outcome outcome;
	enum ztp_delivery delivery; /* NONE: left out */
	const char *message;	    /* never NULL */
	struct ztp_position decision;
	int64_t delivered_at; /* ms since 1970; 0: left out */
	int64_t at;	      /* ms since 1970 */
};

/* "io.ztp.provisioning.<outcome>.v1" */
void ztp_result_type(char out[ZTP_RESULT_TYPE_MAX], enum ztp_outcome outcome);

/* Makes ce_id: 32 lower-case hex digits, a hash of request id, outcome and the
 * decision's position. A record that is written again has the same one. */
void ztp_result_id(char out[33], const struct ztp_result *result);

/* Builds the record's value; the caller frees *json. Returns 0 or
 * ZTP_ERR_NOMEM. */
int ztp_result_build(char **json, const struct ztp_result *result,
		     struct ztp_error *error);

#endif
