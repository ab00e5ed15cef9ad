/*
 * bridge/config/settings.h - the one table of settings, and how a row's text
 * becomes a value. Everything that needs a key's name, default or bounds reads
 * it here. Internal to config*.c and settings*.c.
 */
#ifndef BRIDGE_CONFIG_SETTINGS_H
#define BRIDGE_CONFIG_SETTINGS_H

#include "bridge/config/config.h"

enum setting_type {
	SETTING_TEXT,	  /* char *; bounds: bytes */
	SETTING_SECRET,	  /* char *, never shown */
	SETTING_FILE,	  /* char *; "" or a readable file */
	SETTING_BOOL,	  /* bool */
	SETTING_INT,	  /* int64_t */
	SETTING_DURATION, /* int64_t, ms */
	SETTING_SIZE,	  /* int64_t, bytes */
	SETTING_CHOICE,	  /* an enum or int */
	SETTING_LIST,	  /* struct config_list */
	SETTING_MAP,	  /* struct config_properties */
};

struct setting_choice {
	const char *text; /* NULL ends the list */
	int value;
};

/* May also set members derived from the text (host, port). Its messages do not
 * repeat the setting's name. */
typedef int setting_check(struct config *config, const char *text,
			  struct ztp_error *error);

struct setting {
	const char *name; /* dotted */
	enum setting_type type;
	bool reloadable;
	size_t offset;	      /* in struct config */
	const char *fallback; /* the default, as written in a file; a list
			       * that has one may be written as one value */
	int64_t min, max;     /* TEXT, SECRET, SIZE, of LIST each item: bytes;
			       * DURATION: ms */
	const struct setting_choice *choices;
	setting_check *check;
	size_t file_of;	   /* FILE: the secret that it holds, or 0 */
	const char *about; /* one line for the manual page */
};

/* The table. Rows of one section stand together. */
const struct setting *settings_table(size_t *count);
/* NULL if there is no setting of that name. */
const struct setting *settings_find(const char *name);
/* Returns the row whose member is at this offset of struct config. */
const struct setting *settings_of(size_t offset);
/* Is there a row below "name."? */
bool settings_section(const char *name);
/* Writes the keys of a section, "" for those at the top: "path, sync". */
void settings_keys(char *out, size_t size, const char *section);
/* Is it a list that may be written as one value? */
bool settings_one_or_many(const struct setting *setting);
size_t settings_index(const struct setting *setting);

/* --- settings_value.c */

void *setting_at(const struct setting *setting, const struct config *config);

/* For any type except LIST and MAP: parses, checks and stores text, replacing
 * the old value. */
int setting_set(const struct setting *setting, struct config *config,
		const char *text, struct ztp_error *error);
int setting_append(const struct setting *setting, struct config *config,
		   const char *text, struct ztp_error *error);
/* Wipes text, then frees it. */
void setting_wipe(char *text);
/* The same for what a property holds, and for all properties. */
void property_clear(struct config_property *property);
void properties_clear(struct config_properties *properties);
/* Wipes and frees; the member is then empty. */
void setting_clear(const struct setting *setting, struct config *config);
/* Formats BOOL, INT, DURATION, SIZE and CHOICE as in a file; out holds
 * SETTING_TEXT_MAX bytes. For other types returns the string itself. */
#define SETTING_TEXT_MAX 32
const char *setting_format(const struct setting *setting,
			   const struct config *config,
			   char out[SETTING_TEXT_MAX]);
/* The least and the greatest value of an INT, DURATION or SIZE, in the same way;
 * "" of other types. */
void setting_limits(const struct setting *setting, char least[SETTING_TEXT_MAX],
		    char most[SETTING_TEXT_MAX]);
bool setting_equal(const struct setting *setting, const struct config *a,
		   const struct config *b);

/* "250ms" to "30d": a whole number and a unit. */
int setting_duration(int64_t *ms, const char *text, struct ztp_error *error);
/* "4096", "120KiB", "1MiB": a whole number, and a unit unless it is bytes. */
int setting_size(int64_t *bytes, const char *text, struct ztp_error *error);

/* --- settings_file.c */

/* Reads a secret's file: the whole file except one trailing newline, also
 * Windows's. A NUL in it is refused. The caller owns *content. */
int setting_read_file(char **content, const char *file,
		      struct ztp_error *error);

/* Accepts valid UTF-8 without control characters: names, addresses and paths
 * must not contain what people cannot see or what a terminal would obey. */
int setting_check_text(const char *text, struct ztp_error *error);

/* --- settings_check.c: rules of single rows */

setting_check setting_check_url, setting_check_client_id, setting_check_topic,
	setting_check_template, setting_check_keepalive, setting_check_brokers,
	setting_check_kafka_topic, setting_check_listen, setting_check_host,
	setting_check_omit, setting_check_subscription, setting_check_instance,
	setting_check_advertise;

/* --- settings_kafka.c: kafka.properties */

#define SETTING_OF_FILE "_file" /* suffix of a secret's file setting */

/* Adds one pair, or says why not: librdkafka must know the property, it must
 * not be the bridge's own, and it must not be given already. NAME_file of a
 * secret NAME reads that file. */
int properties_add(struct config_properties *properties, const char *name,
		   const char *value, struct ztp_error *error);

#endif
