/*
 * tools/serve/access.h - who is asking, and is it a page of our own. With
 * tokens: a client's certificate, Authorization: Bearer, or the page's session.
 * Without: whoever is on this machine, but no page of somebody else's in a
 * browser on it (DNS rebinding, cross-site requests).
 */
#ifndef ZTP_SERVE_ACCESS_H
#define ZTP_SERVE_ACCESS_H

#include "tools/serve/server.h"

/* May it ask at all? False: call->reply says why not. */
bool access_look(struct call *call);
/* The same, and counts it. Sets call->token. */
bool access_check(struct call *call);
/* It has cost as much as so many requests more. */
void access_charge(const struct call *call, int requests);
/* May the caller know of that device? path: a device's. */
bool access_to(const struct call *call, const char *path);

/* POST and DELETE of the session. */
struct reply access_session(struct call *call);

#endif
