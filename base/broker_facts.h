/*
 * base/broker_facts.h - what a configuration of Mosquitto means for the gate:
 * which listeners it judges, and what else its guide asks for.
 */
#ifndef ZTP_BASE_BROKER_FACTS_H
#define ZTP_BASE_BROKER_FACTS_H

#include <stdint.h>

#include "base/broker_config.h"

/* Options that are facts of their own. */
#define ZTP_BROKER_PER_LISTENER "per_listener_settings"
#define ZTP_BROKER_ANONYMOUS	"allow_anonymous"
#define ZTP_BROKER_ACL_FILE	"acl_file"
#define ZTP_BROKER_MAX_QUEUED	"max_queued_messages"
#define ZTP_BROKER_MAX_PACKET	"max_packet_size"

#define ZTP_BROKER_LISTENERS_MAX 64
#define ZTP_BROKER_NAME_MAX	 128

struct ztp_broker_listener {
	char name[ZTP_BROKER_NAME_MAX]; /* port and address, as written */
	bool gate;			/* has it for itself */
	bool certificate_is_user;	/* BASIC_AUTH is not asked */
	bool anonymous;			/* allowed here, by a line of its own */
};

struct ztp_broker_facts {
	bool per_listener_settings;
	bool gate_everywhere; /* loaded for all listeners at once */
	bool gate_named;      /* loaded in whatever way */
	bool other_plugin, acl_file, anonymous;
	int64_t max_queued_messages; /* 1000 is the broker's default */
	int64_t max_packet_size;     /* 0: none */
	char command_topic[512];     /* of the gate; "": not given */
	size_t listeners; /* further ones than there is room for count */
	struct ztp_broker_listener listener[ZTP_BROKER_LISTENERS_MAX];

	/* while reading */
	char gate_name[ZTP_BROKER_NAME_MAX]; /* of plugin_load; "": none */
	bool gate_options; /* plugin_opt_* that follow are the gate's */
	struct ztp_broker_listener *current, *main_current;
	size_t nth; /* the file that the last line was of */
};

/* As ztp_broker_config_read. */
int ztp_broker_facts_read(struct ztp_broker_facts *facts, const char *path,
			  struct ztp_error *error);

#endif
