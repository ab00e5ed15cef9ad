/*
 * tools/ztpctl/doctor_get.h - asks a bridge's admin server for one of its
 * pages. Plain HTTP, as the server speaks it.
 */
#ifndef ZTP_ZTPCTL_DOCTOR_GET_H
#define ZTP_ZTPCTL_DOCTOR_GET_H

#include <cjson/cJSON.h>

#include "ztp/error.h"

/* GET url + path, waiting for some seconds at most. url: http://HOST[:PORT], with
 * or without a / at its end. Returns the status and *tree, which the caller
 * deletes; or a negative error: ZTP_ERR_VALUE for the URL or for what is no
 * JSON, ZTP_ERR_IO for no answer. */
int ztp_doctor_get(cJSON **tree, const char *url, const char *path,
		   struct ztp_error *error);

#endif
