/*
 * ztp/pending.h - checks and reads a pending-provisioning event, the JSON that
 * the broker publishes on ztp/v1/pending (DESIGN sections 3 and 11). The only
 * secret in the result is the certificate's DER. Pure; any thread. Sizes are in
 * bytes.
 */
#ifndef ZTP_PENDING_H
#define ZTP_PENDING_H

#include "ztp/cert.h"
#include "ztp/event.h"
#include "ztp/path.h"

#define ZTP_PENDING_MAX	   (64 * 1024)
#define ZTP_REQUEST_ID_MAX 128
#define ZTP_EXPIRY_MAX_MS  (90 * 24 * 3600 * 1000LL)

struct ztp_pending {
	char request_id[ZTP_REQUEST_ID_MAX + 1]; /* "" when there is none */
	char path[ZTP_PATH_MAX + 1];
	struct ztp_path parts; /* views into path: do not copy by value */
	struct ztp_cert cert;  /* owned */
	int64_t received_at;   /* ms; now_ms when the event has none */
	int64_t expires_at;    /* ms; 0 when the event has none; at most
	                              ZTP_EXPIRY_MAX_MS after now_ms */
	char traceparent[ZTP_TRACEPARENT_LEN]; /* "" when absent or invalid */
};

/* True for 1-128 characters of [A-Za-z0-9._~-]. */
bool ztp_request_id_valid(const char *text, size_t len);

/* The certificate must be valid at now_ms (wall clock). Returns 0, an error of
 * ztp_json_check, ztp_cert_parse or ztp_cert_check_leaf, or ZTP_ERR_TYPE, _MISSING,
 * _PATH, _VALUE or _TOO_LARGE. On success the caller frees *pending with
 * ztp_pending_clear; after a failure there is nothing to free. The members
 * password and jwt are skipped, never read. */
int ztp_pending_parse(struct ztp_pending *pending, const char *text, size_t len,
		      int64_t now_ms, struct ztp_error *error);
void ztp_pending_clear(struct ztp_pending *pending);

/* The parts of a refused event that may be shown. */
struct ztp_salvaged {
	char request_id[ZTP_REQUEST_ID_MAX + 1]; /* "" when absent or invalid */
	char path[ZTP_PATH_MAX + 1];		 /* "" when absent or invalid */
	char *json; /* owned: an object with those of request_id, device_path,
		       attempt and received_at that are well-formed; NULL when
		       none is */
};

/* Returns 0 or ZTP_ERR_NOMEM. A text that is not JSON is no error: it has no
 * such parts. The caller frees *salvaged with ztp_salvaged_clear either way. */
int ztp_pending_salvage(struct ztp_salvaged *salvaged, const char *text,
			size_t len);
void ztp_salvaged_clear(struct ztp_salvaged *salvaged);

#endif
