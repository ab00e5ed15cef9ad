/*
 * base/broker_config.h - Mosquitto's configuration, read as Mosquitto 2.0 and
 * 2.1 read it: for the gate, which has to know whether it judges every
 * listener, and for `ztpctl doctor`. Blocks; any thread.
 */
#ifndef ZTP_BASE_BROKER_CONFIG_H
#define ZTP_BASE_BROKER_CONFIG_H

#include <stddef.h>

#include "ztp/error.h"

/* One line, valid during the visit. */
struct ztp_broker_setting {
	const char *file;
	int line;
	size_t nth;	   /* which file: 0 is the main one, the others count */
	const char *key;   /* the first word */
	const char *value; /* the rest, trimmed; "" when there is none */
};

typedef void ztp_broker_visit_fn(const struct ztp_broker_setting *setting,
				 void *arg);

/* Visits what the file says, and in its place what the files of include_dir
 * say, in the broker's order. Whether a setting is known is not asked.
 * ZTP_ERR_IO, ZTP_ERR_TOO_LARGE, ZTP_ERR_VALUE or ZTP_ERR_NOMEM; the message
 * names the file. */
int ztp_broker_config_read(const char *path, ztp_broker_visit_fn *visit,
			   void *arg, struct ztp_error *error);

/* The file that this process, a broker, was started with: the last -c. The
 * caller frees it; NULL: none, or it cannot be known. */
char *ztp_broker_config_of_process(void);

#endif
