/*
 * gate/topics.h - which device a command topic belongs to. With a template that
 * does not contain the whole path (`/devices/{device}/commands`) two devices
 * may have the same topic. The device that was created first has it, and the
 * others are refused. With any other template nothing here costs anything.
 * Broker thread only.
 */
#ifndef ZTP_GATE_TOPICS_H
#define ZTP_GATE_TOPICS_H

#include "gate/db.h"
#include "ztp/path.h"

/* Fills the table at start from the devices. template is the current
 * plugin_opt_command_topic. */
int ztp_topics_load(struct ztp_db *db, const char *template,
		    struct ztp_error *error);
/* Does the topic belong to another device? 1, 0 or negative. */
int ztp_topics_taken(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error);
/* Gives the topic to this device unless another one has it; in the open
 * transaction. */
int ztp_topics_claim(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error);
/* Frees the topic of a deleted device. */
int ztp_topics_release(struct ztp_db *db, const char *template,
		       const char *path, struct ztp_error *error);

#endif
