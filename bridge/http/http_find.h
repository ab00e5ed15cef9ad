/*
 * bridge/http/http_find.h - what people type to find a request. Pure.
 */
#ifndef BRIDGE_HTTP_HTTP_FIND_H
#define BRIDGE_HTTP_HTTP_FIND_H

#include "bridge/store/store.h"

#define HTTP_FIND_MAX 1000 /* bytes */
#define HTTP_FIND_HEX 4	   /* digits that may be a fingerprint's beginning */

/* Fills in what requests the text may mean. The beginning of any of these is
 * enough:
 *
 *	pump-42                     a device's id
 *	acme/plant-7/pump-42        ... with its registry
 *	subscriptions/acme/...      ... or as a path
 *	01a21c35-0ca8               a request's id
 *	9f86d081, 9F:86:D0:81       a certificate's SHA-256
 *
 * A whole fingerprint is taken in any form that ztp_fingerprint_line reads. The
 * text must outlive *find. False: too long. */
bool http_find_parse(struct store_find *find, const char *text);

#endif
