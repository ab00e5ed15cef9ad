/*
 * tools/serve/book.h - the requests, as Kafka tells them: what is open, and what
 * has ended and how. Bounded: the oldest ended ones are forgotten, and while
 * there are as many open ones as may be kept, the rest waits in Kafka
 * (book_full). What has expired, as far as anybody knows, makes room for it
 * (book_lapse), and is forgotten before what has ended. One thread.
 */
#ifndef ZTP_SERVE_BOOK_H
#define ZTP_SERVE_BOOK_H

#include "tools/common/ask.h"
#include "tools/serve/table.h"
#include "ztp/result.h"

#define BOOK_OPEN_MAX	100000
#define BOOK_BYTES_MAX	(128 * 1024 * 1024) /* of the open ones' records */
#define BOOK_ENDED_MAX	200000
#define BOOK_RESULT_MAX (64 * 1024)	    /* bytes of a result's record */
#define BOOK_TOLD_MAX	(256 * 1024 * 1024) /* of the ended ones' results */

struct request {
	struct key key, path_key;
	struct request *older, *newer; /* of the ended ones */
	struct request *before, *next; /* of those with this path */
	char *id, *path;
	/* The topic of its decision. Not owned; NULL: not known, since only its
	 * result is; "": it cannot be decided here. */
	const char *decisions;
	char fingerprint[ZTP_SHA256_HEX]; /* "": not known */
	int64_t expires_at;		  /* ms; 0: not given */
	char *record; /* of ztp.requests, while it is open; NULL: not read */
	size_t record_len;
	char *result; /* its last one; NULL: none */
	enum ztp_outcome outcome;
	bool ended;
	bool lapsed; /* ended by its time alone: there may still be a result */
	/* A decision about it is on its way, or has been followed. */
	bool decided;
	struct key decision; /* the position of that one */
};

struct book {
	struct table by_id, by_path;
	struct request **open; /* owned; in the order of their ids */
	size_t open_count, open_room;
	size_t bytes; /* of their records */
	struct request *oldest, *newest;
	size_t ended_count;
	size_t told; /* bytes of their results */
};

/* What a record of ztp.results says; made by result_read. */
struct said {
	char id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1]; /* "": not given */
	enum ztp_outcome outcome;
	int code; /* as an HTTP status */
	bool has_decision;
	char topic[256];
	int32_t partition;
	int64_t offset;
	const char *text; /* the record */
	size_t len;
};

/* False: it cannot be read. */
bool said_read(struct said *said, const char *text, size_t len);
/* Does this outcome leave its request open? */
bool outcome_leaves_open(enum ztp_outcome outcome);

/* May no more open requests be added? */
bool book_full(const struct book *book);
/* What has expired by now makes room. It takes some milliseconds. */
void book_lapse(struct book *book, int64_t now_ms);
/* Each returns false without memory. decisions: as in the request. */
bool book_ask(struct book *book, const struct ztp_ask *ask,
	      const char *decisions, const char *record, size_t len,
	      int64_t now_ms);
bool book_say(struct book *book, const struct said *said,
	      const struct key *decision);
/* A decision about that request has been written at that position. */
void book_decide(struct book *book, const char *id, const struct key *decision);

/* NULL: there is none. */
struct request *book_find(const struct book *book, const char *id);
/* The requests of a path, the last one that ended before the others that have;
 * then through ->next. */
struct request *book_of_path(const struct book *book, const char *path);
/* Not ended, decided or expired. */
bool request_is_open(const struct request *request, int64_t now_ms);
/* The index in open of the first one whose id is greater. */
size_t book_after(const struct book *book, const char *id);
void book_clear(struct book *book);

#endif
