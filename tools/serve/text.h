/*
 * tools/serve/text.h - the parts of a request that clients write: addresses,
 * and the headers Prefer, Idempotency-Key, Host and Origin. Pure.
 */
#ifndef ZTP_SERVE_TEXT_H
#define ZTP_SERVE_TEXT_H

#include "ztp/path.h"
#include "ztp/pending.h"

/* Decodes %XX; out has room for size bytes, with the NUL. False: it is broken,
 * has a NUL in it, or does not fit. */
bool text_decode(char *out, size_t size, const char *text, size_t len);

/* --- Prefer, RFC 7240 */

#define PREFER_ASYNC	"respond-async"
#define PREFER_WAIT	"wait"
#define PREFER_WAIT_MAX 300 /* s */

struct prefer {
	bool async; /* respond-async */
	int wait_s; /* -1: not given */
};

/* Adds what one header says; the first of several counts. What is not
 * understood is ignored, as RFC 7240 wants it. */
void prefer_add(struct prefer *prefer, const char *text);

/* --- Idempotency-Key, draft-ietf-httpapi-idempotency-key-header */

#define IDEMPOTENCY_KEY_MAX 255

/* With or without the quotes of a structured field. False: it is not 1 to 255
 * visible ASCII characters. */
bool idempotency_key_read(struct ztp_str *key, const char *text);

/* --- Host and Origin */

/* Is this Host header a name of this machine's loopback, with any port? */
bool host_is_loopback(const char *host);
/* Is the origin the page of this very server, by its Host header? */
bool origin_is_host(const char *origin, const char *host);

#endif
