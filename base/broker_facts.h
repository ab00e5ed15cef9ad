/*
 * base/broker_facts.h - what a Mosquitto configuration means for the gate:
 * which listeners the gate judges, and the settings that the guide asks for.
 */
#ifndef ZTP_BASE_BROKER_FACTS_H
#define ZTP_BASE_BROKER_FACTS_H

#include <stdint.h>

#include "base/broker_config.h"

/* Settings whose values are kept as they are. */
#define ZTP_BROKER_PER_LISTENER "per_listener_settings"
#define ZTP_BROKER_ANONYMOUS	"allow_anonymous"
#define ZTP_BROKER_ACL_FILE	"acl_file"
#define ZTP_BROKER_MAX_QUEUED	"max_queued_messages"
#define ZTP_BROKER_MAX_PACKET	"max_packet_size"
#define ZTP_BROKER_NODELAY	"set_tcp_nodelay"

#define ZTP_BROKER_LISTENERS_MAX 64
#define ZTP_BROKER_NAME_MAX	 128

struct ztp_broker_listener {
	char name[ZTP_BROKER_NAME_MAX]; /* port and address, as written */
	bool gate;			/* loaded for this listener alone */
	bool certificate_is_user;	/* BASIC_AUTH is not called */
	bool anonymous; /* allowed for this listener by its own line */
};

struct ztp_broker_facts {
	bool per_listener_settings;
	bool gate_everywhere; /* loaded for all listeners at once */
	bool gate_named;      /* loaded in any way */
	bool other_plugin, acl_file, anonymous;
	bool nodelay;		     /* the broker's default is false */
	int64_t max_queued_messages; /* the broker's default is 1000 */
	int64_t max_packet_size;     /* 0: none */
	char command_topic[512];     /* of the gate; "": not set */
	bool persistence;
	/* Of the file with the sessions: as written; "": not set. */
	char persistence_location[512], persistence_file[256];
	size_t listeners; /* may exceed the size of the array */
	struct ztp_broker_listener listener[ZTP_BROKER_LISTENERS_MAX];

	/* used while reading */
	char gate_name
		[ZTP_BROKER_NAME_MAX]; /* name given by plugin_load; "": none */
	bool gate_options; /* the plugin_opt_* lines that follow are the gate's */
	struct ztp_broker_listener *current, *main_current;
	size_t nth; /* the file of the last line */
};

/* Fails as ztp_broker_config_read does. */
int ztp_broker_facts_read(struct ztp_broker_facts *facts, const char *path,
			  struct ztp_error *error);

#endif
