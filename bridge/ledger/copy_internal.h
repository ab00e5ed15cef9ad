/*
 * bridge/ledger/copy_internal.h - shared by copy.c (the copy and its reader),
 * copy_judge.c (whether it is a copy of this topic) and copy_store.c (its
 * database).
 */
#ifndef BRIDGE_LEDGER_COPY_INTERNAL_H
#define BRIDGE_LEDGER_COPY_INTERNAL_H

#include "bridge/kafka/state_reader.h"
#include "bridge/ledger/copy.h"
#include "bridge/store/store_move.h"
#include "bridge/store/store_refused.h"

struct copy {
	struct core *core;
	char *path, *topic, *decisions;
	bool sync_full;
	struct store *store;
	struct store_refused refused; /* held: there is no store but this */
	/* Why it is thrown away if the topic is not wrong; NULL: it is not. */
	const char *unfit;
	struct state_reader *reader;
	struct store_copy at;	   /* what the database stands for */
	struct store_copy reached; /* with what is not committed */
	bool begun, bulk;
	bool discarded; /* see copy_is_read_anew */
	bool anew;	/* the topic has begun anew under a turn of ours */
	/* How old is what is read? known_at: a time of Kafka's that had come, if not
	 * passed, at known_boot (CLOCK_BOOTTIME); INT64_MAX: none is known. live: a
	 * record has said so that came since the copy was judged. late: so old that
	 * the copy has to be judged again. */
	int64_t known_at, known_boot;
	bool live, late;
	int64_t commit_at;	 /* the last time; CLOCK_BOOTTIME */
	int64_t unwritten_since; /* likewise; see copy_unwritten_since */
	struct log_limit foreign, lingering;
};

/* Is it a copy of this topic, and not too old? Throws it away if it may lack
 * something; copy->at is what remains. */
int copy_judge(struct copy *copy, int wait_ms, struct state_bounds *bounds,
	       struct ztp_error *error);
/* Is the record so old when it is read, or was the end of a topic that is read from
 * its beginning so far away, that the copy has to be judged again? ZTP_ERR_IO. */
int copy_check_late(struct copy *copy, const struct state_record *record,
		    struct ztp_error *error);
int copy_check_end(struct copy *copy, struct ztp_error *error);
/* Fails: the topic is not what this is a copy of, and a person has to help. */
int copy_lost(const struct copy *copy, const char *what,
	      struct ztp_error *error);
/* 0 with no store: there is a copy that cannot be opened, and is to be judged. */
int copy_store_open(struct copy *copy, struct ztp_error *error);
void copy_store_close(struct copy *copy);
int copy_discard(struct copy *copy, const char *why, struct ztp_error *error);

#endif
