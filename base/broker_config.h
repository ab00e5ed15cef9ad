/*
 * base/broker_config.h - reads a Mosquitto configuration the way Mosquitto 2.0
 * and 2.1 do. The gate needs it to learn whether it judges every listener,
 * `ztpctl doctor` to check the configuration. Blocks; any thread.
 */
#ifndef ZTP_BASE_BROKER_CONFIG_H
#define ZTP_BASE_BROKER_CONFIG_H

#include <stddef.h>

#include "ztp/error.h"

/* One line, valid during the visit. */
struct ztp_broker_setting {
	const char *file;
	int line;
	size_t nth; /* which file: 0 is the main one, included ones follow */
	const char *key;   /* the first word */
	const char *value; /* the rest, trimmed; "" when there is none */
};

typedef void ztp_broker_visit_fn(const struct ztp_broker_setting *setting,
				 void *arg);

/* Visits every setting of the file, and of the files that include_dir names in
 * the place of that line, in the broker's order. Does not check whether the
 * broker knows a setting. ZTP_ERR_IO, ZTP_ERR_TOO_LARGE, ZTP_ERR_VALUE or
 * ZTP_ERR_NOMEM; the message names the file. */
int ztp_broker_config_read(const char *path, ztp_broker_visit_fn *visit,
			   void *arg, struct ztp_error *error);

/* The configuration file of this process, a broker: the argument of its last
 * -c. The caller frees it. NULL: there is none, or it cannot be found out. */
char *ztp_broker_config_of_process(void);

#endif
