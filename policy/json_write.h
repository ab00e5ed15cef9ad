/*
 * policy/json_write.h - writes compact JSON into one growing buffer, byte for
 * byte what cJSON would print for the same members, but without a tree. Private
 * to policy/. Pure; any thread.
 *
 * The name is NULL for an item of an array. Running out of memory is remembered
 * and reported by ztp_json_finish.
 */
#ifndef ZTP_POLICY_JSON_WRITE_H
#define ZTP_POLICY_JSON_WRITE_H

#include "ztp/codec.h"
#include "ztp/error.h"

struct ztp_writer {
	char *p; /* owned */
	size_t n, room;
	bool comma;  /* needed before the next value */
	bool failed; /* out of memory: nothing more is written */
};

/* room is an estimate of the final length. */
void ztp_json_start(struct ztp_writer *writer, size_t room);

void ztp_json_open(struct ztp_writer *writer, const char *name, char bracket);
void ztp_json_close(struct ztp_writer *writer, char bracket);
void ztp_json_add_text(struct ztp_writer *writer, const char *name,
		       struct ztp_str text);
void ztp_json_add_string(struct ztp_writer *writer, const char *name,
			 const char *text);
/* A member whose name may need escapes. */
void ztp_json_add_pair(struct ztp_writer *writer, struct ztp_str name,
		       struct ztp_str text);
/* The same without its value, which is written next. */
void ztp_json_add_name(struct ztp_writer *writer, struct ztp_str name);
void ztp_json_add_int(struct ztp_writer *writer, const char *name,
		      int64_t number);
void ztp_json_add_time(struct ztp_writer *writer, const char *name, int64_t ms);
void ztp_json_add_hex(struct ztp_writer *writer, const char *name,
		      const void *bytes, size_t n);
void ztp_json_add_base64(struct ztp_writer *writer, const char *name,
			 const void *bytes, size_t n);
/* Checked JSON, inserted as it is. */
void ztp_json_add_raw(struct ztp_writer *writer, const char *name,
		      struct ztp_str json);

/* Throws away what was written. To be called instead of ztp_json_finish. */
void ztp_json_discard(struct ztp_writer *writer);

/* The caller frees *json, which is terminated; len may be NULL. ZTP_ERR_NOMEM
 * if memory ran out at any point. */
int ztp_json_finish(char **json, size_t *len, struct ztp_writer *writer,
		    struct ztp_error *error);

#endif
