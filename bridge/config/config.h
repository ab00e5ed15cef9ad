/*
 * bridge/config/config.h - the contents of ztp-bridge.yaml, checked and
 * complete.
 *
 * Members are named like the keys. A loaded configuration never changes and
 * may be read by any thread. It owns its strings, which are never NULL: ""
 * means not set. Durations are in milliseconds. Keys, defaults and bounds are
 * defined in the table in settings.c.
 */
#ifndef BRIDGE_CONFIG_CONFIG_H
#define BRIDGE_CONFIG_CONFIG_H

#include "base/log.h"
#include "ztp/command.h"
#include "ztp/topics.h"
#include <stdio.h>

#define CONFIG_FILE_MAX	  (1024 * 1024)
#define CONFIG_SECRET_MAX (64 * 1024)
/* What OpenSSL and paho have room for. */
#define CONFIG_KEY_PASSWORD_MAX	  1023
#define CONFIG_PENDING_TOPICS_MAX 16
/* Bytes of a command to a device with the longest path, without a payload. */
#define CONFIG_COMMAND_LEAST	 2200
#define CONFIG_SUBSCRIPTIONS_MAX 64

enum config_registrar { CONFIG_REGISTRAR_NONE, CONFIG_REGISTRAR_GATE };
enum config_ack { CONFIG_ACK_BROKER, CONFIG_ACK_DEVICE };
enum config_sync { CONFIG_SYNC_NORMAL, CONFIG_SYNC_FULL };

/* Names and values for librdkafka, in the file's order. A secret given by
 * *_file is stored under its own name with the file's content. */
struct config_property {
	char *name; /* "sasl.password" */
	char *value;
	char *file;  /* the file that the value came from, or "" */
	bool secret; /* the value is never shown */
	int line;    /* in the file, or 0 */
};

struct config_properties {
	struct config_property *items;
	size_t count;
};

struct config_list {
	char **items; /* ends with NULL; never NULL itself */
	size_t count;
};

struct config_mqtt_tls {
	char *ca_file, *cert_file, *key_file;
	char *key_password; /* the file's content if that was given */
	char *key_password_file;
};

struct config_mqtt {
	char *url;
	char *host; /* from url; an IPv6 address without brackets */
	/* Not a setting: who looks it up (bridge/mqtt/names.h), or NULL. Not
	 * owned. */
	struct names *names;
	int port;    /* from url; 1883 or 8883 by default */
	bool secure; /* mqtts:// */
	char *client_id;
	char *username;
	char *password; /* the file's content if that was given */
	char *password_file;
	struct config_mqtt_tls tls;
	int version;	      /* 5, or 4 for 3.1.1: MQTTVERSION_5, _3_1_1 */
	int64_t keepalive_ms; /* whole seconds */
	struct config_list pending_topics; /* one at least */
	struct config_list subscriptions;  /* none: all */
	char *command_topic;		   /* a template: ztp_topic_render */
	enum ztp_command_format command_format;
	enum config_registrar registrar;
	enum config_ack delivery_ack;
	int64_t retry_rate;  /* per second */
	int64_t max_command; /* bytes, of a whole PUBLISH */
};

struct config_topics {
#define X(name, number, member, what) char *member;
	ZTP_TOPIC_LIST(X)
#undef X
#define X(name, member, what) char *member;
	ZTP_GROUP_TOPIC_LIST(X)
#undef X
};

struct config_kafka {
	char *brokers; /* host:port,host:port */
	char *group;
	struct config_topics topics;
	bool create_topics;
	struct config_properties properties;
};

struct config_onboarding {
	int64_t decision_timeout_ms;
	enum ztp_verdict on_timeout;
	int64_t delivery_timeout_ms;
	int64_t renotify_interval_ms;
	int64_t reject_cooldown_ms;
	bool notify_rejected;
	int64_t payload_retention_ms;	/* from the end of the request */
	bool payload_retention_cut;	/* no setting: to store.retention */
	struct config_list omit_fields; /* .items for ztp_request_build */
};

struct config_store {
	char *path;
	enum config_sync sync;
	int64_t max_requests;
	int64_t max_finished;
	int64_t retention_ms;
};

struct config_http {
	char *listen; /* as written; "" turns it off */
	char *host;   /* from listen, without brackets; "" when off */
	int port;     /* 0: the kernel chooses one */
	struct config_list hosts; /* names for the page and /v1 */
};

/* One of several bridges. */
struct config_standby {
	bool enabled;
	char *instance;
	char *advertise; /* a URL, or "" */
	int64_t session_timeout_ms;
};

struct config_log {
	enum log_level level;
	enum log_format format;
};

struct config {
	struct config_mqtt mqtt;
	struct config_kafka kafka;
	struct config_onboarding onboarding;
	struct config_store store;
	struct config_http http;
	struct config_standby standby;
	struct config_log log;
	int64_t shutdown_timeout_ms;
	char *file; /* as given to config_load */
	int *lines; /* for each row of the table; 0: not in the file */
};

/* Reads and checks file. On failure *config is NULL, *line is the line of
 * the offending key (1 if the file itself is at fault), and the message is
 * one line without the file's name; config_complain prints it. Reads the
 * environment and the files named in the configuration, and blocks on
 * nothing else. */
int config_load(struct config **config, const char *file, int *line,
		struct ztp_error *error);
/* Accepts NULL; wipes the secrets. */
void config_free(struct config *config);

/* "FILE:LINE: message\n" */
void config_complain(FILE *out, const char *file, int line,
		     const struct ztp_error *error);

/* Prints what is legal but probably unintended, as "FILE:LINE: warning: ..."
 * lines. Returns how many. */
int config_warnings(const struct config *config, FILE *out);

/* Prints the whole configuration as YAML that reads back as the same; secrets
 * are shown as "***". Returns 0 or ZTP_ERR_IO. */
int config_print(const struct config *config, FILE *out);

/* Writes the names of the settings that differ between the two and that SIGHUP
 * cannot change in a running bridge, with commas; "..." ends what does not fit.
 * False: there are none. */
bool config_needs_restart(char *names, size_t size,
			  const struct config *running,
			  const struct config *loaded);

/* Gives running the settings that SIGHUP can change: the log's level and, unless
 * mqtt.url has changed, mqtt.tls. loaded gets the old values and must still be
 * freed. Call this from the thread that uses these settings, between two
 * uses. */
void config_take_reloadable(struct config *running, struct config *loaded);

/* --- the table, for the manual page */

struct config_description {
	const char *name;     /* "mqtt.keepalive" */
	const char *type;     /* "duration", "true or false", ... */
	const char *fallback; /* the default, as written in a file */
	const char *choices;  /* "envelope|raw" or "" */
	const char *least;    /* of a number, as written in a file, or "" */
	const char *most;
	const char *about; /* one line */
	bool reloadable;
};

/* Calls walk for every row, in the table's order, until it returns nonzero,
 * and returns that value. The strings are valid during the call. */
int config_describe(int (*walk)(void *arg, const struct config_description *),
		    void *arg);

#endif
