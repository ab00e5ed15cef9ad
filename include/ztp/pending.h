/*
 * ztp/pending.h - a pending-provisioning event from the broker: JSON from the
 * topic ztp/v1/pending, checked (DESIGN sections 3 and 11). What comes out
 * holds nothing secret but the certificate's DER.
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
	/* "" when the event has none */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1];
	struct ztp_path parts; /* views into path: do not copy by value */
	struct ztp_cert cert;  /* owned */
	int64_t received_at;   /* ms; now_ms when the event has none */
	int64_t expires_at;    /* ms; 0 when the event has none; never more
	                              than ZTP_EXPIRY_MAX_MS from now_ms */
	char traceparent[ZTP_TRACEPARENT_LEN]; /* "" when none or bad */
};

/* True for 1-128 of [A-Za-z0-9._~-]. */
bool ztp_request_id_valid(const char *text, size_t len);

/* now_ms is the wall clock: the certificate must be valid then. On success
 * *pending owns its certificate: ztp_pending_clear. password and jwt are
 * skipped, never read. */
int ztp_pending_parse(struct ztp_pending *pending, const char *text, size_t len,
		      int64_t now_ms, struct ztp_error *error);
void ztp_pending_clear(struct ztp_pending *pending);

/* What of a refused event may be shown. */
struct ztp_salvaged {
	char request_id[ZTP_REQUEST_ID_MAX + 1]; /* "" when none or bad */
	char path[ZTP_PATH_MAX + 1];		 /* "" when none or bad */
	char *json; /* owned: an object of request_id, device_path, attempt
		       and received_at, as far as they are well-formed; NULL
		       when none of them is */
};

/* Returns 0, also when the text is not JSON and there is nothing to show, or
 * ZTP_ERR_NOMEM. The caller ends *salvaged with ztp_salvaged_clear, in any
 * case. */
int ztp_pending_salvage(struct ztp_salvaged *salvaged, const char *text,
			size_t len);
void ztp_salvaged_clear(struct ztp_salvaged *salvaged);

#endif
