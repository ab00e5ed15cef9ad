/*
 * ztp/request.h - the sanitized request that a customer sees in ztp.requests.
 * Built field by field from parsed values: an allow-list, never a copy.
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
	int64_t received_at, expires_at; /* ms */
	int attempt;			 /* from 1 */
	int contenders; /* live requests of this path, from 1 */
	const char *decision_topic;
};

/* Fields that configuration may leave out, dotted ("certificate.subject").
 * The members that a decision needs (request_id, device.path,
 * certificate.fingerprint_sha256, expires_at) cannot be. */
bool ztp_request_may_omit(const char *field);

/* The record's value, compact JSON; the caller frees *json. omit is a
 * NULL-terminated list of fields or NULL. */
int ztp_request_build(char **json, const struct ztp_request *request,
		      const char *const *omit, struct ztp_error *error);

#endif
