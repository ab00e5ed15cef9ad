/*
 * gate/options.h - the plugin_opt_* settings of mosquitto.conf, read by one
 * table. An unknown option or an invalid value keeps the broker from starting.
 */
#ifndef ZTP_GATE_OPTIONS_H
#define ZTP_GATE_OPTIONS_H

#include "ztp/error.h"
#include "ztp/gate.h"

struct mosquitto_opt;

struct ztp_options {
	char *registry_db;   /* owned, as all below; required */
	char *command_topic; /* a checked template */
	char **operators;
	size_t operator_count;
	bool hold; /* pending_mode */
	/* Does each subscription have a topic of its own? */
	bool pending_apart, subscribed_apart;
	int64_t retry_after_s; /* sent to held devices; default of the cool-down */
	struct ztp_gate_limits limits;
	char command_filter[ZTP_TOPIC_MAX + 1];
};

/* The message names the option. On failure *options owns nothing. */
int ztp_options_read(struct ztp_options *options,
		     const struct mosquitto_opt *opts, int count,
		     struct ztp_error *error);
void ztp_options_clear(struct ztp_options *options);

/* username may be NULL. */
bool ztp_options_is_operator(const struct ztp_options *options,
			     const char *username);

#endif
