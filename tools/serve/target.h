/*
 * tools/serve/target.h - what a request asks for, by its method and address.
 * Pure.
 */
#ifndef ZTP_SERVE_TARGET_H
#define ZTP_SERVE_TARGET_H

#include "base/http_paths.h"
#include "ztp/path.h"
#include "ztp/pending.h"

enum place {
	PLACE_NONE, /* 404 */
	PLACE_PAGE,
	PLACE_OPENAPI,
	PLACE_HEALTH,
	PLACE_READY,
	PLACE_SESSION,
	PLACE_REQUESTS,
	PLACE_REQUEST,	/* with id */
	PLACE_DECISION, /* with id */
	PLACE_OMNICORE, /* with path */
};

enum method { METHOD_OTHER, METHOD_GET, METHOD_POST, METHOD_DELETE };

struct target {
	enum place place;
	/* Of the request. "": not well-formed, so there is no such request. */
	char id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1]; /* of the device; "": not well-formed */
};

/* address: still with its %XX, without a query. */
void target_read(struct target *target, const char *address);
/* GET for HEAD as well. */
enum method method_read(const char *name);
/* The methods of a place, as in Allow. */
const char *target_allows(enum place place);
bool target_takes(enum place place, enum method method);

#endif
