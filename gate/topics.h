/*
 * gate/topics.h - whose is a command topic? With a template that does not hold
 * the whole path (`/devices/{device}/commands`) two devices' topics may be the
 * same; the device that was created first has it, and the others do not come
 * in. With any other template nothing here costs anything. Broker thread only.
 */
#ifndef ZTP_GATE_TOPICS_H
#define ZTP_GATE_TOPICS_H

#include "gate/db.h"
#include "ztp/path.h"

/* At start, from the devices there are. template: as plugin_opt_command_topic
 * has it now. */
int ztp_topics_load(struct ztp_db *db, const char *template,
		    struct ztp_error *error);
/* Is it another device's? 1, 0, or negative. */
int ztp_topics_taken(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error);
/* Makes it this device's unless it is somebody's; in the open transaction. */
int ztp_topics_claim(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error);
/* Its device is deleted. */
int ztp_topics_release(struct ztp_db *db, const char *template,
		       const char *path, struct ztp_error *error);

#endif
