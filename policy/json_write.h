/*
 * policy/json_write.h - compact JSON, straight into one buffer that grows:
 * byte for byte what cJSON prints of the same members, without a tree of them
 * first. Private to policy/. Pure; any thread.
 *
 * A member is written with its name, an item of an array with NULL for it.
 * What fails is remembered: only ztp_json_finish tells.
 */
#ifndef ZTP_POLICY_JSON_WRITE_H
#define ZTP_POLICY_JSON_WRITE_H

#include "ztp/codec.h"
#include "ztp/error.h"

struct ztp_writer {
	char *p; /* owned */
	size_t n, room;
	bool comma;  /* before what comes next */
	bool failed; /* memory ran out; nothing more is written */
};

/* room is a guess at the length of all. */
void ztp_json_start(struct ztp_writer *writer, size_t room);

void ztp_json_open(struct ztp_writer *writer, const char *name, char bracket);
void ztp_json_close(struct ztp_writer *writer, char bracket);
void ztp_json_add_text(struct ztp_writer *writer, const char *name,
		       struct ztp_str text);
void ztp_json_add_string(struct ztp_writer *writer, const char *name,
			 const char *text);
/* A member whose name is somebody else's. */
void ztp_json_add_pair(struct ztp_writer *writer, struct ztp_str name,
		       struct ztp_str text);
void ztp_json_add_int(struct ztp_writer *writer, const char *name,
		      int64_t number);
void ztp_json_add_time(struct ztp_writer *writer, const char *name, int64_t ms);
void ztp_json_add_hex(struct ztp_writer *writer, const char *name,
		      const void *bytes, size_t n);
void ztp_json_add_base64(struct ztp_writer *writer, const char *name,
			 const void *bytes, size_t n);
/* Checked JSON, as it is. */
void ztp_json_add_raw(struct ztp_writer *writer, const char *name,
		      struct ztp_str json);

/* Instead of ztp_json_finish: what was written is not wanted. */
void ztp_json_discard(struct ztp_writer *writer);

/* Terminated, and the caller's to free; *len may be NULL. ZTP_ERR_NOMEM when
 * memory ran out on the way. */
int ztp_json_finish(char **json, size_t *len, struct ztp_writer *writer,
		    struct ztp_error *error);

#endif
