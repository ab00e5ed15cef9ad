/*
 * gate/topics.h - which device a command topic belongs to. With a template that
 * does not contain the whole path (`/devices/{device}/commands`) two devices
 * may have the same topic. The device that was created first has it, and the
 * others are refused. With any other template nothing here costs anything.
 *
 * The topics are kept in memory, because the template may change from one start
 * to the next. What a lost commit has changed is taken back without reading the
 * devices again. Broker thread only.
 */
#ifndef ZTP_GATE_TOPICS_H
#define ZTP_GATE_TOPICS_H

#include "gate/db.h"
#include "ztp/path.h"

struct ztp_topics;

/* Reads the devices. template is the current plugin_opt_command_topic, which must
 * outlive the topics. */
int ztp_topics_load(struct ztp_topics **out, struct ztp_db *db,
		    const char *template, struct ztp_error *error);
void ztp_topics_free(struct ztp_topics *topics);

/* Does the topic belong to another device? */
bool ztp_topics_taken(const struct ztp_topics *topics,
		      const struct ztp_path *path);
/* Gives the topic to this device unless another one has it; with the commit that
 * will contain what has been written until now. 0 or ZTP_ERR_NOMEM. */
int ztp_topics_claim(struct ztp_topics *topics, const struct ztp_path *path,
		     struct ztp_error *error);
/* Frees the topic of a deleted device, likewise. */
int ztp_topics_release(struct ztp_topics *topics, const char *path,
		       struct ztp_error *error);

/* What is changed from here on can be taken back alone. */
void ztp_topics_mark(struct ztp_topics *topics);
void ztp_topics_undo(struct ztp_topics *topics);
/* The commits up to this one are durable. */
void ztp_topics_durable(struct ztp_topics *topics, uint64_t group);
/* The commits after `kept` are lost. */
void ztp_topics_lost(struct ztp_topics *topics, uint64_t kept);

#endif
