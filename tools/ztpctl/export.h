/*
 * tools/ztpctl/export.h - a registry in a file: lines of JSON. The first is the
 * registry with its CAs, then one for each device, and the last says how many
 * there are, so that half a file is not taken for a whole one.
 */
#ifndef ZTP_ZTPCTL_EXPORT_H
#define ZTP_ZTPCTL_EXPORT_H

#include <cjson/cJSON.h>

#include "ztp/error.h"

#define ZTP_EXPORT_VERSION  1
#define ZTP_EXPORT_FILE_MAX (512 * 1024 * 1024) /* bytes */

/* --- the members of these lines, besides the gate's own */
#define ZTP_EXPORT_M_VERSION "ztp_export"
#define ZTP_EXPORT_M_AT	     "exported_at"
#define ZTP_EXPORT_M_COUNT   "devices"

struct ztp_export {
	cJSON *registry; /* the first line */
	cJSON *devices;	 /* an array */
};

/* Reads and checks a file; "-" is standard input. The message names the line.
 * End it with ztp_export_clear, also after a failure. */
int ztp_export_read(struct ztp_export *out, const char *path,
		    struct ztp_error *error);
void ztp_export_clear(struct ztp_export *file);

#endif
