/*
 * tools/ztpctl/client.h - one connection to the broker, used in a row: ask
 * the gate and wait for its answer, or listen to a topic. Calls block, with a
 * deadline; paho's threads only append to a queue.
 */
#ifndef ZTP_ZTPCTL_CLIENT_H
#define ZTP_ZTPCTL_CLIENT_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "ztp/error.h"

struct ztp_client;

struct ztp_client_options {
	const char *url;      /* mqtt:// or mqtts:// */
	const char *username; /* NULL: none */
	const char *password; /* NULL: none */
	const char *ca_file;  /* NULL: the system's */
};

/* Connected and subscribed to the gate's responses. The caller closes. */
int ztp_client_open(struct ztp_client **out,
		    const struct ztp_client_options *options,
		    struct ztp_error *error);
void ztp_client_close(struct ztp_client *client); /* NULL-safe */

/* One command with its members in `in` (taken over, also on failure; its
 * "command" is set). *response is the caller's: an object of docs/control.md. */
int ztp_client_ask(struct ztp_client *client, const char *command, cJSON *in,
		   cJSON **response, struct ztp_error *error);

/* Subscribes to one more topic. */
int ztp_client_listen(struct ztp_client *client, const char *topic,
		      struct ztp_error *error);
/* The next message of that topic, whole, in *text (the caller frees it): 1;
 * 0 when none came within so many ms; negative when the connection is lost. */
int ztp_client_next(struct ztp_client *client, const char *topic,
		    int64_t wait_ms, char **text, struct ztp_error *error);

#endif
