/*
 * bridge/journal/journal_entry.h - what the receiving thread writes into the
 * journal for the loop: events that passed the checks, stripped of secrets,
 * and events that were refused.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_ENTRY_H
#define BRIDGE_JOURNAL_JOURNAL_ENTRY_H

#include "ztp/command.h"
#include "ztp/pending.h"

enum journal_entry_kind {		     /* values are stored on disk */
			  ENTRY_PENDING = 1, /* a valid pending event */
			  ENTRY_DEAD = 2,    /* a refused event, for the DLQ */
			  ENTRY_AUDIT = 3,   /* an audit record, unchanged */
			  ENTRY_WITHDRAWN = 4, /* the gate ended a candidate */
};

/* When unpacked, strings are views into the packed bytes and never NULL. When
 * packing, they are the caller's. */
struct journal_entry {
	enum journal_entry_kind kind;
	int64_t arrived_wall;	/* ms */
	int64_t arrived_steady; /* ms, of the process that wrote it */
	const char *path;	/* device path, or "" */

	/* WITHDRAWN: request_id */

	/* PENDING: cert lacks der; unpacking allocates its san array */
	const char *request_id, *traceparent; /* the event's, or "" */
	/* The id and the trace that the request gets when the event's own
	 * cannot be used. They are drawn once and stored, so reading the
	 * entry again asks the customer the same question. "" in an entry of
	 * version 1. */
	const char *own_id, *own_trace;
	/* Wall. expires_at is 0 in an entry of a release that did not note its
	 * own deadline for an event without one. */
	int64_t received_at, expires_at;
	struct ztp_cert cert;

	/* DEAD: text is the rebuilt value or "" */
	struct ztp_error why;
	const char *topic;
	const char *text; /* also AUDIT: the record, WITHDRAWN: why */
	size_t text_len;
	uint8_t sha256[ZTP_SHA256_LEN];
	int64_t size;
};

/* Packs into the caller's buffer: *bytes may be grown with realloc, *cap is
 * its size. Returns the length or a negative error. */
long journal_entry_pack(uint8_t **bytes, size_t *cap,
			const struct journal_entry *entry);

/* Fills entry with views into bytes. journal_entry_clear frees what unpacking
 * allocated. */
int journal_entry_unpack(struct journal_entry *entry, const void *bytes,
			 size_t len, struct ztp_error *error);
void journal_entry_clear(struct journal_entry *entry);

#endif
