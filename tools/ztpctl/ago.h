/*
 * tools/ztpctl/ago.h - a moment as people write it: how long ago, or a time.
 * Pure.
 */
#ifndef ZTP_ZTPCTL_AGO_H
#define ZTP_ZTPCTL_AGO_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "90s", "15m", "12h", "30d", "2w", or an RFC 3339 time, into ms since
 * 1970. */
bool ztp_ctl_ago(int64_t *at, const char *text, int64_t now);

#endif
