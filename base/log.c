/*
 * A line is built in a buffer on the stack and written with one write(2), so
 * threads need no lock: the kernel keeps a write of up to PIPE_BUF bytes to a
 * pipe in one piece, and an append to a file likewise. The last LOG_TAIL bytes
 * of the buffer are reserved for the mark that a line was cut, so a JSON line
 * is a complete object however long it was meant to be.
 *
 * Nobody waits for the reader of the log (base/log_sink.h). Lines that it does
 * not take are counted, and the first line that it takes again says how many
 * there were.
 */
#include "base/log.h"
#include "base/clock.h"
#include "ztp/codec.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOG_TAIL 24 /* ,"truncated":true}\n */

static_assert(LOG_FLOW_BYTES + 60 * LOG_FLOW_RATE +
			      (LOG_FLOW_EVENTS + 1) * LOG_LINE_MAX <=
		      LOG_FLOW_MINUTE,
	      "all lines that are bounded, in a minute");

struct line {
	bool json, cut;
	size_t n;
	char text[1 + LOG_LINE_MAX]; /* from START on */
};

#define START 1 /* behind the newline that log_sink_write wants */

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_init(struct log *log, int fd, enum log_level level,
	      enum log_format format)
{
	memset(&log->flow, 0, sizeof(log->flow));
	log_sink_open(&log->sink, fd);
	log->format = format;
	atomic_init(&log->level, (int)level);
	atomic_init(&log->dropped, 0);
	atomic_init(&log->untold, 0);
	atomic_init(&log->held, NULL);
}

void log_end(struct log *log)
{
	log_sink_close(&log->sink);
}

void log_set_level(struct log *log, enum log_level level)
{
	atomic_store(&log->level, (int)level);
}

bool log_enabled(const struct log *log, enum log_level level)
{
	return log && (int)level <= atomic_load_explicit(&log->level,
							 memory_order_relaxed);
}

struct log_field log_field_str(const char *key, const char *text)
{
	return (struct log_field){.kind = LOG_KIND_STR,
				  .key = key,
				  .data = text,
				  .len = text ? strlen(text) : 0};
}

/* Appends all of the text or nothing. */
static bool put(struct line *line, const char *text, size_t n)
{
	if (n > sizeof(line->text) - LOG_TAIL - line->n) {
		line->cut = true;
		return false;
	}
	memcpy(line->text + line->n, text, n);
	line->n += n;
	return true;
}

static bool put_text(struct line *line, const char *text)
{
	return put(line, text, strlen(text));
}

/* Escapes one character for use between quotes. JSON's escapes serve for logfmt
 * as well. C1 controls are escaped because terminals obey them. Returns how
 * many bytes of p were consumed. */
static size_t escape(char out[8], size_t *out_len, const unsigned char *p,
		     size_t n)
{
	static const char from[] = "\"\\\n\r\t";
	static const char to[] = "\"\\nrt";
	size_t len = ztp_utf8_char((const char *)p, n);
	const char *simple = p[0] ? strchr(from, p[0]) : NULL;

	if (len == 0) {
		memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD */
		*out_len = 3;
		return 1;
	}
	if (simple) {
		out[0] = '\\';
		out[1] = to[simple - from];
		*out_len = 2;
	} else if (p[0] < 0x20 || p[0] == 0x7f) {
		*out_len = (size_t)snprintf(out, 8, "\\u%04x", p[0]);
	} else if (p[0] == 0xc2 && p[1] < 0xa0) {
		*out_len = (size_t)snprintf(out, 8, "\\u%04x", p[1]);
	} else {
		memcpy(out, p, len);
		*out_len = len;
	}
	return len;
}

static bool bare(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f || strchr("\"\\=", p[i]))
			return false;
	return n > 0;
}

/* Writes as much of the value as fits; false if not even its quotes do. */
static bool put_value(struct line *line, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	char out[8];
	size_t len, taken;

	if (!line->json && bare(p, n) && put(line, text, n))
		return true;
	line->cut = false;
	if (!put(line, "\"", 1))
		return false;
	for (; n > 0; p += taken, n -= taken) {
		taken = escape(out, &len, p, n);
		/* leave room for the closing quote */
		if (line->n + len + 1 > sizeof(line->text) - LOG_TAIL) {
			line->cut = true;
			break;
		}
		(void)put(line, out, len);
	}
	return put(line, "\"", 1);
}

static bool put_hex(struct line *line, const uint8_t *p, size_t n)
{
	bool fits = !line->json || put(line, "\"", 1);
	char two[3];

	for (size_t i = 0; i < n && fits; i++) {
		ztp_hex_encode(two, p + i, 1);
		fits = put(line, two, 2);
	}
	return fits && (!line->json || put(line, "\"", 1));
}

static bool put_key(struct line *line, const char *key)
{
	if (line->json)
		return put_text(line, line->n == START ? "{\"" : ",\"") &&
		       put_text(line, key) && put_text(line, "\":");
	return (line->n == START || put(line, " ", 1)) && put_text(line, key) &&
	       put(line, "=", 1);
}

static bool put_data(struct line *line, const struct log_field *field)
{
	char number[24];

	switch (field->kind) {
	case LOG_KIND_STR:
		return put_value(line, field->data, field->len);
	case LOG_KIND_HEX:
		return put_hex(line, field->data, field->len);
	case LOG_KIND_INT:
		(void)snprintf(number, sizeof(number), "%" PRId64,
			       field->number.i);
		return put_text(line, number);
	case LOG_KIND_UINT:
		(void)snprintf(number, sizeof(number), "%" PRIu64,
			       field->number.u);
		return put_text(line, number);
	case LOG_KIND_BOOL:
		return put_text(line, field->number.i ? "true" : "false");
	case LOG_KIND_WHY:
	case LOG_KIND_END:
		break;
	}
	return true;
}

/* A field that does not fit at all is removed again. */
static void put_field(struct line *line, const struct log_field *field)
{
	size_t start = line->n;

	if (line->cut || (field->kind == LOG_KIND_STR && !field->data))
		return;
	if (!put_key(line, field->key) || !put_data(line, field)) {
		line->n = start;
		line->cut = true;
	}
}

static void put_str(struct line *line, const char *key, const char *text)
{
	struct log_field field = log_field_str(key, text);

	put_field(line, &field);
}

static void put_any(struct line *line, const struct log_field *field)
{
	const struct ztp_error *why = field->data;

	if (field->kind != LOG_KIND_WHY) {
		put_field(line, field);
	} else if (why) {
		put_str(line, "code", ztp_err_name(why->code));
		put_str(line, field->key, why->message);
	}
}

/* LOG_TAIL has reserved the room. */
static void finish(struct line *line)
{
	const char *end = line->json ? "}\n" : "\n";

	if (line->cut)
		end = line->json ? ",\"truncated\":true}\n"
				 : " truncated=true\n";
	memcpy(line->text + line->n, end, strlen(end));
	line->n += strlen(end);
}

static void begin(struct line *line, const struct log *log,
		  enum log_level level, const char *event)
{
	char ts[ZTP_TIME_LEN];

	line->json = log->format == LOG_FORMAT_JSON;
	line->cut = false;
	line->text[0] = '\n';
	line->n = START;
	ztp_time_format(ts, ztp_clock_wall());
	put_str(line, "ts", ts);
	put_str(line, "level", level_names[level]);
	put_str(line, "event", event);
}

/* Whoever takes the count tells of it, or puts it back. Whatever the level:
 * it says what is missing in the log. */
static bool tell_dropped(struct log *log)
{
	uint64_t count = atomic_exchange(&log->untold, 0);
	const struct log_field field = LOG_UINT("n", count);
	struct line line;

	if (count == 0)
		return true;
	begin(&line, log, LOG_LEVEL_WARN, "log_dropped");
	put_field(&line, &field);
	finish(&line);
	if (log_sink_write(&log->sink, line.text, line.n - START))
		return true;
	atomic_fetch_add(&log->untold, count);
	return false;
}

void log_catch_up(struct log *log)
{
	int saved_errno = errno;

	if (atomic_load_explicit(&log->untold, memory_order_relaxed) > 0)
		(void)tell_dropped(log);
	errno = saved_errno;
}

uint64_t log_dropped(const struct log *log)
{
	return atomic_load(&log->dropped);
}

/* text is a newline and a line of n bytes. */
static void send_line(struct log *log, const char *text, size_t n)
{
	bool open = true;

	if (atomic_load_explicit(&log->untold, memory_order_relaxed) > 0)
		open = tell_dropped(log);
	if (open && log_sink_write(&log->sink, text, n))
		return;
	atomic_fetch_add(&log->dropped, 1);
	atomic_fetch_add(&log->untold, 1);
}

/* --- a transaction's lines */

void log_hold(struct log *log, struct log_held *held)
{
	atomic_store(&log->holder, pthread_self());
	atomic_store(&log->held, held);
}

static bool keep(struct log *log, enum log_level level, const struct line *line)
{
	struct log_held *held = atomic_load(&log->held);

	return held && level >= LOG_LEVEL_INFO &&
	       pthread_equal(atomic_load(&log->holder), pthread_self()) &&
	       log_held_add(held, line->text + START, line->n - START);
}

void log_write_held(struct log *log, struct log_held *held)
{
	const char *line = NULL;
	size_t n;

	while ((line = log_held_next(held, line, &n)) != NULL)
		send_line(log, line, n);
	log_held_forget(held);
}

/* --- any line */

void log_emit(struct log *log, enum log_level level, bool bounded,
	      const char *event, const struct log_field *fields)
{
	int saved_errno = errno;
	int64_t now = bounded ? ztp_clock_us() / 1000 : 0;
	uint64_t left_out = 0;
	struct line line;

	if (!log_enabled(log, level) ||
	    (bounded && !log_flow_take(&log->flow, event, now, &left_out)))
		return;
	begin(&line, log, level, event);
	if (left_out > 0)
		put_any(&line, &LOG_UINT("left_out", left_out));
	for (; fields->kind != LOG_KIND_END; fields++)
		put_any(&line, fields);
	finish(&line);
	if (bounded)
		log_flow_charge(&log->flow, event, line.n - START, now);
	if (!keep(log, level, &line))
		send_line(log, line.text, line.n - START);
	errno = saved_errno;
}

/* Only the thread that advances next_ms gets true. */
bool log_every(struct log_limit *limit, int64_t interval_ms, int64_t now_ms,
	       uint64_t *suppressed)
{
	int64_t next = atomic_load(&limit->next_ms);

	if (now_ms < next ||
	    !atomic_compare_exchange_strong(&limit->next_ms, &next,
					    now_ms + interval_ms)) {
		atomic_fetch_add(&limit->held_back, 1);
		return false;
	}
	uint64_t count = atomic_exchange(&limit->held_back, 0);
	if (suppressed)
		*suppressed = count;
	return true;
}
