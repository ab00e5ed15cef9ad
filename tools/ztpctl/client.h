/*
 * tools/ztpctl/client.h - one connection to the broker, for one operation after
 * the other: ask the gate and wait for its answer, or listen to a topic. Calls
 * block, with a deadline; paho's threads only append to a queue.
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

/* Connects and subscribes to the gate's responses. End it with
 * ztp_client_close. */
int ztp_client_open(struct ztp_client **out,
		    const struct ztp_client_options *options,
		    struct ztp_error *error);
void ztp_client_close(struct ztp_client *client); /* NULL-safe */

/* What is asked from now on may take so much longer to be answered: the gate does
 * something before. */
void ztp_client_be_patient(struct ztp_client *client, int64_t ms);

/* Sends one command whose members are in `in`, which is taken over even on
 * failure; its "command" is set here. The caller owns *response, an object as
 * described in docs/control.md. */
int ztp_client_ask(struct ztp_client *client, const char *command, cJSON *in,
		   cJSON **response, struct ztp_error *error);

/* Sends several commands in one message, each with its "command". Takes over
 * commands, even on failure. The caller owns *responses, an array in the order
 * of the commands. */
int ztp_client_ask_all(struct ztp_client *client, cJSON *commands,
		       cJSON **responses, struct ztp_error *error);

/* Subscribes to another topic. */
int ztp_client_listen(struct ztp_client *client, const char *topic,
		      struct ztp_error *error);
/* Waits up to wait_ms for the next message of that topic. Returns 1 and the
 * message in *text, which the caller frees; 0 if none came; negative if the
 * connection is lost. */
int ztp_client_next(struct ztp_client *client, const char *topic,
		    int64_t wait_ms, char **text, struct ztp_error *error);

#endif
