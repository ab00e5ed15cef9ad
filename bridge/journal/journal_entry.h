/*
 * bridge/journal/journal_entry.h - what the intake thread writes into the journal for the
 * loop: checked events, without anything secret, and what was refused.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_ENTRY_H
#define BRIDGE_JOURNAL_JOURNAL_ENTRY_H

#include "ztp/command.h"
#include "ztp/pending.h"

enum journal_entry_kind {		     /* numbers are on disk */
			  ENTRY_PENDING = 1, /* a good pending event */
			  ENTRY_DEAD = 2,    /* a refused one: to the DLQ */
			  ENTRY_AUDIT =
				  3, /* the gate's audit record, as it is */
};

/* Strings are views into the packed bytes or the packer's own; never NULL
 * after unpacking. */
struct journal_entry {
	enum journal_entry_kind kind;
	int64_t arrived_wall;	/* ms */
	int64_t arrived_steady; /* ms, of the process that wrote it */
	const char *path;	/* device path, or "" */

	/* PENDING: cert without der; its san array is the unpacker's */
	const char *request_id, *traceparent; /* the event's, or "" */
	/* What the request is called, and its trace, when the event's own
	 * cannot be used. Made once, so that whoever reads the entry again
	 * asks the customer the same question. "": an entry of version 1. */
	const char *own_id, *own_trace;
	int64_t received_at, expires_at; /* wall; expires_at 0: none given */
	struct ztp_cert cert;

	/* DEAD: text is the rebuilt value or "" */
	struct ztp_error why;
	const char *topic;
	const char *text; /* also AUDIT: the record */
	size_t text_len;
	uint8_t sha256[ZTP_SHA256_LEN];
	int64_t size;
};

/* Packs into a buffer of the caller's: *bytes may be grown with realloc, *cap
 * is its size. Returns the length or a negative error. */
long journal_entry_pack(uint8_t **bytes, size_t *cap,
			const struct journal_entry *entry);

/* Views into bytes. journal_entry_clear frees what the unpacker made. */
int journal_entry_unpack(struct journal_entry *entry, const void *bytes,
			 size_t len, struct ztp_error *error);
void journal_entry_clear(struct journal_entry *entry);

#endif
