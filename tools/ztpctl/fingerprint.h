/*
 * tools/ztpctl/fingerprint.h - which CA an argument means: by its fingerprint in
 * any form, by the first digits of one, or by the certificate in a file.
 */
#ifndef ZTP_ZTPCTL_FINGERPRINT_H
#define ZTP_ZTPCTL_FINGERPRINT_H

#include <cjson/cJSON.h>

#include "ztp/fingerprint.h"

/* Can the argument mean any CA? Reads the file if it is one. */
int ztp_ctl_check_ca(const char *text, struct ztp_error *error);

/* cas: as getRegistry tells them; a prefix must fit one of them alone. */
int ztp_ctl_which_ca(uint8_t out[ZTP_SHA256_LEN], const char *text,
		     const cJSON *cas, struct ztp_error *error);

#endif
