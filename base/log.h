/*
 * base/log.h - one event per line, as logfmt or JSON.
 *
 *   log_warn(log, "mqtt_lost", LOG_STR("url", url), LOG_INT("rc", rc));
 *   ts=2026-01-02T03:04:05.678Z level=warn event=mqtt_lost url=mqtt://... rc=7
 *
 * Event names and keys are stable, lower_snake_case literals: people grep for
 * them. Values are escaped here (control bytes, quotes, invalid UTF-8), so
 * nobody can forge a line. The caller must leave out what does not belong in a
 * log: certificates, JWTs, passwords, payloads.
 *
 * Any thread, no lock: a line is one write(2) of at most LOG_LINE_MAX bytes,
 * which a pipe takes in one piece. A longer line is cut and says
 * truncated=true. Logging never fails the caller and never makes it wait: a
 * line that is not taken at once, because nobody reads the pipe or the disk is
 * full, is dropped and counted, and event=log_dropped says how many there were
 * when lines are taken again.
 *
 * Errors, warnings, and what log_said says, can be caused from outside as often
 * as somebody likes. Their lines and bytes are bounded (base/log_flow.h), and
 * left_out=n says how many are missing before this one.
 */
#ifndef ZTP_BASE_LOG_H
#define ZTP_BASE_LOG_H

#include "base/log_flow.h"
#include "base/log_held.h"
#include "base/log_sink.h"
#include "ztp/error.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 4096 /* PIPE_BUF, including the newline */

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Embedded by its owner. Only the level, the counts and the hold change after
 * log_init. */
struct log {
	struct log_sink sink;
	enum log_format format;
	_Atomic int level;
	_Atomic uint64_t dropped, untold;
	struct log_flow flow;
	/* base/log_held.h. Set by the loop's thread alone. */
	struct log_held *_Atomic held;
	_Atomic pthread_t holder;
};

/* fd stays the caller's and must remain open until log_end. */
void log_init(struct log *log, int fd, enum log_level level,
	      enum log_format format);
/* After this nothing may be logged. */
void log_end(struct log *log);
/* Applies to lines begun afterwards. */
void log_set_level(struct log *log, enum log_level level);
/* Lets a caller skip values that are expensive to compute. False for log ==
 * NULL. */
bool log_enabled(const struct log *log, enum log_level level);

enum log_kind {
	LOG_KIND_END,
	LOG_KIND_STR,
	LOG_KIND_INT,
	LOG_KIND_UINT,
	LOG_KIND_BOOL,
	LOG_KIND_HEX,
	LOG_KIND_WHY
};

struct log_field {
	enum log_kind kind;
	const char *key;
	const void *data; /* STR and HEX: bytes; WHY: struct ztp_error */
	size_t len;
	union {
		int64_t i;
		uint64_t u;
	} number;
};

/* A NUL-terminated string; NULL leaves the field out. */
#define LOG_STR(k, s) log_field_str((k), (s))
/* n bytes that need not be NUL-terminated. */
#define LOG_STRN(k, s, n)                                                      \
	((struct log_field){                                                   \
		.kind = LOG_KIND_STR, .key = (k), .data = (s), .len = (n)})
#define LOG_INT(k, n)                                                          \
	((struct log_field){                                                   \
		.kind = LOG_KIND_INT, .key = (k), .number = {.i = (n)}})
#define LOG_UINT(k, n)                                                         \
	((struct log_field){                                                   \
		.kind = LOG_KIND_UINT, .key = (k), .number = {.u = (n)}})
#define LOG_BOOL(k, b)                                                         \
	((struct log_field){                                                   \
		.kind = LOG_KIND_BOOL, .key = (k), .number = {.i = (b)}})
/* Lower-case hex of n bytes: fingerprints. */
#define LOG_HEX(k, p, n)                                                       \
	((struct log_field){                                                   \
		.kind = LOG_KIND_HEX, .key = (k), .data = (p), .len = (n)})
/* A struct ztp_error *, as two fields: code and error. */
#define LOG_WHY(e)                                                             \
	((struct log_field){.kind = LOG_KIND_WHY, .key = "error", .data = (e)})

struct log_field log_field_str(const char *key, const char *text);

/* How many lines were not taken, since log_init. */
uint64_t log_dropped(const struct log *log);
/* Says so if lines were dropped and are taken again; every new line does this,
 * too. Call it now and then, in case there is none. */
void log_catch_up(struct log *log);

/* fields ends with an element of kind LOG_KIND_END. bounded: by log_flow.
 * Preserves errno. */
void log_emit(struct log *log, enum log_level level, bool bounded,
	      const char *event, const struct log_field *fields);

/* Lines of this thread, and of no other, at levels info and debug are kept in held
 * from here on, which must stay meanwhile. NULL: they are written again. */
void log_hold(struct log *log, struct log_held *held);
/* Writes them in their order, and forgets them. */
void log_write_held(struct log *log, struct log_held *held);

#define LOG_AT(log, level, event, ...)                                         \
	LOG_FLOW(log, level, false, event, ##__VA_ARGS__)
#define LOG_FLOW(log, level, bounded, event, ...)                              \
	log_emit((log), (level), (bounded), (event),                           \
		 &((const struct log_field[]){{.kind = LOG_KIND_END},          \
					      ##__VA_ARGS__,                   \
					      {.kind = LOG_KIND_END}})[1])
#define log_error(log, event, ...)                                             \
	LOG_FLOW(log, LOG_LEVEL_ERROR, true, event, ##__VA_ARGS__)
#define log_warn(log, event, ...)                                              \
	LOG_FLOW(log, LOG_LEVEL_WARN, true, event, ##__VA_ARGS__)
#define log_info(log, event, ...)                                              \
	LOG_AT(log, LOG_LEVEL_INFO, event, ##__VA_ARGS__)
/* At level info: what somebody outside had no right to expect an answer to. */
#define log_said(log, event, ...)                                              \
	LOG_FLOW(log, LOG_LEVEL_INFO, true, event, ##__VA_ARGS__)
#define log_debug(log, event, ...)                                             \
	LOG_AT(log, LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)

/* A limit for one place that may fail again and again; start it as zeros. */
struct log_limit {
	_Atomic int64_t next_ms;
	_Atomic uint64_t held_back;
};

/* Returns true at most once per interval_ms; *suppressed (may be NULL) is then
 * how often it has returned false since the last time. now_ms: any clock that
 * never goes back, greater than 0. Any thread. */
bool log_every(struct log_limit *limit, int64_t interval_ms, int64_t now_ms,
	       uint64_t *suppressed);

#endif
