/*
 * ztp/request.h - the sanitized request that a customer sees in ztp.requests.
 * It is built field by field from parsed values, never copied from the event
 * (DESIGN section 3). Pure; any thread.
 */
#ifndef ZTP_REQUEST_H
#define ZTP_REQUEST_H

#include "ztp/cert.h"
#include "ztp/event.h"
#include "ztp/path.h"

#define ZTP_REQUEST_TYPE ZTP_CE_NAME("requested")

struct ztp_request {
	const char *id;
	const struct ztp_path *path;
	const struct ztp_cert *cert;
	int64_t received_at, expires_at; /* ms since 1970 */
	int attempt;			 /* 1 and up */
	int contenders; /* live requests of this path, this one included */
	const char *decision_topic;
};

/* True when the configuration may leave out this field, named with dots
 * ("certificate.subject"). What a decision needs must stay: request_id,
 * device.path, certificate.fingerprint_sha256 and expires_at. */
bool ztp_request_may_omit(const char *field);

/* Builds the record's value as compact JSON; the caller frees *json. omit is a
 * NULL-terminated list of fields to leave out, or NULL; one that must stay is
 * not left out. Returns 0 or ZTP_ERR_NOMEM. */
int ztp_request_build(char **json, const struct ztp_request *request,
		      const char *const *omit, struct ztp_error *error);

#endif
