/*
 * tools/serve/body.h - from what a client posts to the record of ztp.decisions.
 * Both forms are checked here as the bridge will check them, so that a mistake
 * is answered at once. Pure.
 */
#ifndef ZTP_SERVE_BODY_H
#define ZTP_SERVE_BODY_H

#include "ztp/decision.h"

#define BODY_MAX ZTP_DECISION_MAX

/* Which request it is about. */
struct subject {
	const char *id, *path;
	const char *fingerprint; /* of its certificate; "": not known */
	const char *by;		 /* who decides, where the body does not say */
};

struct posted {
	char *record; /* owned */
	size_t len;
	/* What makes two decisions the same. */
	uint8_t digest[ZTP_SHA256_LEN];
};

/* The native object. request_id and device_path need not be given, and must be
 * the subject's where they are. */
int posted_native(struct posted *posted, struct ztp_str body,
		  const struct subject *subject, struct ztp_error *error);
/* OmniCore's: isApprove, customOnboardData; without credentials. */
int posted_omnicore(struct posted *posted, struct ztp_str body,
		    const struct subject *subject, struct ztp_error *error);
void posted_clear(struct posted *posted);

/* --- OmniCore's credentials */

#define CREDENTIALS_MAX 16

struct credentials {
	bool given;
	size_t count;
	char fingerprints[CREDENTIALS_MAX][ZTP_SHA256_HEX];
};

/* Reads the certificates that the member credentials names, in whatever objects
 * and lists they stand: a certificate in one of the forms of ztp/cert.h, or its
 * fingerprint. If it is given, it must name one. */
int credentials_read(struct credentials *credentials, struct ztp_str body,
		     struct ztp_error *error);
bool credentials_name(const struct credentials *credentials,
		      const char *fingerprint);

/* The token that a session is asked for with: {"token":"..."}. */
#define TOKEN_MAX 1024
int body_token(char out[TOKEN_MAX + 1], struct ztp_str body,
	       struct ztp_error *error);

#endif
