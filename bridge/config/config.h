/*
 * bridge/config/config.h - what ztp-bridge.yaml says, checked and complete.
 *
 * Members are named as the keys are. A loaded configuration never changes and
 * may be read from any thread. Strings are owned by it and never NULL: "" is
 * what is not set. Durations are milliseconds. The table in settings.c is
 * where keys, defaults and bounds are written down.
 */
#ifndef BRIDGE_CONFIG_CONFIG_H
#define BRIDGE_CONFIG_CONFIG_H

#include "base/log.h"
#include "ztp/command.h"
#include "ztp/topics.h"
#include <stdio.h>

#define CONFIG_FILE_MAX	  (1024 * 1024)
#define CONFIG_SECRET_MAX (64 * 1024)

enum config_registrar { CONFIG_REGISTRAR_NONE, CONFIG_REGISTRAR_GATE };
enum config_ack { CONFIG_ACK_BROKER, CONFIG_ACK_DEVICE };
enum config_sync { CONFIG_SYNC_NORMAL, CONFIG_SYNC_FULL };

/* Names and values for librdkafka, in the order of the file. A secret given
 * by *_file is here under its own name with the file's content. */
struct config_property {
	char *name; /* "sasl.password" */
	char *value;
	char *file;  /* where the value came from, else "" */
	bool secret; /* value is never shown */
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
	char *host;  /* from url, an IPv6 address without its brackets */
	int port;    /* from url, 1883 or 8883 if not there */
	bool secure; /* mqtts:// */
	char *client_id;
	char *username;
	char *password; /* the file's content if that was given */
	char *password_file;
	struct config_mqtt_tls tls;
	int version;	      /* 5 or 4 (3.1.1), as MQTTVERSION_5 and _3_1_1 */
	int64_t keepalive_ms; /* whole seconds */
	char *pending_topic;
	char *command_topic; /* a template: ztp_topic_render */
	enum ztp_command_format command_format;
	enum config_registrar registrar;
	enum config_ack delivery_ack;
	int64_t retry_rate; /* per second */
};

struct config_topics {
#define X(name, number, member, what) char *member;
	ZTP_TOPIC_LIST(X)
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
	char *listen; /* as written; "" is off */
	char *host;   /* from listen, without brackets; "" when off */
	int port;     /* 0: the kernel's choice */
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
	struct config_log log;
	int64_t shutdown_timeout_ms;
	char *file; /* as given to config_load */
	int *lines; /* per row of the table, 0: the default */
};

/* Reads and checks file. On failure *config is NULL, *line the line of the
 * offending key (1 where the file itself is the trouble) and the message one
 * line without the file's name: print it with config_complain. Reads the
 * environment and the files that are named; blocks on nothing else. */
int config_load(struct config **config, const char *file, int *line,
		struct ztp_error *error);
/* NULL-safe; wipes the secrets. */
void config_free(struct config *config);

/* "FILE:LINE: message\n" */
void config_complain(FILE *out, const char *file, int line,
		     const struct ztp_error *error);

/* What is legal and yet probably not meant, as "FILE:LINE: warning: ..." lines.
 * Returns how many. */
int config_warnings(const struct config *config, FILE *out);

/* The whole configuration as YAML that reads back as the same; secrets are
 * shown as "***". 0 or ZTP_ERR_IO. */
int config_print(const struct config *config, FILE *out);

/* The name of the first setting in which both differ and which a SIGHUP
 * cannot change in a running bridge, or NULL. */
const char *config_needs_restart(const struct config *running,
				 const struct config *loaded);

/* Gives running what a SIGHUP can change: the log's level and mqtt.tls. loaded
 * gets the old values and is still to be freed. In the thread that uses them,
 * between two uses. */
void config_take_reloadable(struct config *running, struct config *loaded);

/* --- the table, for the manual page */

struct config_description {
	const char *name;     /* "mqtt.keepalive" */
	const char *type;     /* "duration", "true or false", ... */
	const char *fallback; /* the default, as it would be written */
	const char *choices;  /* "envelope|raw" or "" */
	const char *about;    /* one line */
	bool reloadable;
};

/* Every row, in the table's order, until walk returns nonzero; returns what
 * it returned. The strings are valid during the call. */
int config_describe(int (*walk)(void *arg, const struct config_description *),
		    void *arg);

#endif
