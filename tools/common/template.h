/*
 * tools/common/template.h - payloads that are filled in for each device:
 *
 *	{"name": "{device}", "topic": "{device_path}/events"}
 *
 * The placeholders are those of the command topic, {device_path},
 * {subscription}, {registry} and {device}, and {request_id} and
 * {fingerprint_sha256}. What is put in their place has no character that JSON
 * would have to escape. Pure.
 */
#ifndef ZTP_TOOLS_TEMPLATE_H
#define ZTP_TOOLS_TEMPLATE_H

#include "tools/common/answer.h"

/* Makes a template of a payload that has been loaded. Refuses an unknown
 * placeholder, with path and line in the message, and what could become too
 * large for a payload. */
int ztp_template_make(struct ztp_attachment *payload, const char *path,
		      struct ztp_error *error);

/* The payload for a request; free it with ztp_attachment_clear. Fails only
 * without memory. */
int ztp_template_fill(struct ztp_attachment *filled,
		      const struct ztp_attachment *made,
		      const struct ztp_ask *ask, struct ztp_error *error);

#endif
