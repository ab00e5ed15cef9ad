/*
 * A line is built in a buffer on the stack and written with one write(2), so
 * threads need no lock: the kernel keeps a write of up to PIPE_BUF bytes to a
 * pipe in one piece, and an append to a file likewise. The last LOG_TAIL bytes
 * of the buffer are reserved for the mark that a line was cut, so a JSON line
 * is a complete object however long it was meant to be.
 */
#include "base/log.h"
#include "base/clock.h"
#include "ztp/codec.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_TAIL 24 /* ,"truncated":true}\n */

struct line {
	bool json, cut;
	size_t n;
	char text[LOG_LINE_MAX];
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_init(struct log *log, int fd, enum log_level level,
	      enum log_format format)
{
	log->fd = fd;
	log->format = format;
	atomic_init(&log->level, (int)level);
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
		return put_text(line, line->n == 0 ? "{\"" : ",\"") &&
		       put_text(line, key) && put_text(line, "\":");
	return (line->n == 0 || put(line, " ", 1)) && put_text(line, key) &&
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

static void send_line(int fd, const struct line *line)
{
	size_t done = 0;

	while (done < line->n) {
		ssize_t n = write(fd, line->text + done, line->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is nowhere to report it */
		done += (size_t)n;
	}
}

void log_emit(struct log *log, enum log_level level, const char *event,
	      const struct log_field *fields)
{
	int saved_errno = errno;
	char ts[ZTP_TIME_LEN];
	struct line line;

	if (!log_enabled(log, level))
		return;
	line.json = log->format == LOG_FORMAT_JSON;
	line.cut = false;
	line.n = 0;
	ztp_time_format(ts, ztp_clock_wall());
	put_str(&line, "ts", ts);
	put_str(&line, "level", level_names[level]);
	put_str(&line, "event", event);
	for (; fields->kind != LOG_KIND_END; fields++)
		put_any(&line, fields);
	finish(&line);
	send_line(log->fd, &line);
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
