/*
 * The SQLite store: why requests ended, where their state does not say so.
 *
 * The text is not part of the request's row, and has no row of its own in the
 * table of decisions, because a row that grows moves its neighbours there, and
 * they have payloads (store_decision.c). It is among the small named values, in
 * one of a fixed number of places. A later request that needs the same place
 * gets it, so these texts have a bound, however many requests fail.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/store/store_internal.h"
#include "ztp/text.h"

#define PLACES	 4096
#define NAME_MAX 16
/* The request's id, a blank and the text. */
#define VALUE_MAX (ZTP_REQUEST_ID_MAX + 1 + STORE_REASON_MAX)

static void place_of(char name[NAME_MAX], const struct store_request *r)
{
	(void)snprintf(name, NAME_MAX, "why.%" PRId64, r->n % PLACES);
}

int store_reason_put(struct store *store, const struct store_request *r,
		     const char *text, struct ztp_error *error)
{
	char name[NAME_MAX], value[VALUE_MAX + 1];
	size_t n = strlen(text);

	if (n > STORE_REASON_MAX)
		n = ztp_utf8_cut(text, STORE_REASON_MAX);
	place_of(name, r);
	(void)snprintf(value, sizeof(value), "%s %.*s", r->id, (int)n, text);
	return store_set(store, name, value, error);
}

/* Returns where the text begins in value, or NULL if the place is empty or
 * another request's. */
static const char *text_of(const char *value, const struct store_request *r)
{
	size_t n = strlen(r->id);

	return strncmp(value, r->id, n) == 0 && value[n] == ' ' ? value + n + 1
								: NULL;
}

int store_reason_get(struct store *store, const struct store_request *r,
		     char text[STORE_REASON_MAX + 1], struct ztp_error *error)
{
	char name[NAME_MAX], value[VALUE_MAX + 1];
	const char *found;
	int rc;

	place_of(name, r);
	rc = store_get(store, name, value, sizeof(value), error);
	found = rc == 1 ? text_of(value, r) : NULL;
	(void)snprintf(text, STORE_REASON_MAX + 1, "%s", found ? found : "");
	return rc < 0 ? rc : found != NULL;
}

int store_reason_drop(struct store *store, const struct store_request *r,
		      struct ztp_error *error)
{
	char name[NAME_MAX], text[STORE_REASON_MAX + 1];
	int rc;

	/* An onboarded one may have been undeliverable before. */
	if (r->state == ZTP_STATE_REJECTED)
		return 0;
	place_of(name, r);
	rc = store_reason_get(store, r, text, error);
	return rc == 1 ? store_set(store, name, "", error) : rc;
}
