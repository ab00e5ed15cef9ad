/*
 * bridge/move/move_internal.h - shared by to_standby.c, from_standby.c and what
 * both do in Kafka (move.c, move_turn.c, move_topic.c, move_members.c).
 */
#ifndef BRIDGE_MOVE_MOVE_INTERNAL_H
#define BRIDGE_MOVE_MOVE_INTERNAL_H

#include "bridge/kafka/turn.h"
#include "bridge/move/move.h"
#include "bridge/store/store_move.h"

#define MOVE_ASK_MS  5000  /* for one answer of Kafka's */
#define MOVE_WAIT_MS 30000 /* without any progress */

struct move {
	struct log log;
	struct core core;
	struct store *store; /* NULL while it is the copy's */
	/* The store's name as a single bridge's in its group, in which it stays
	 * for some seconds after that bridge's end; "": none. */
	char member[64];
	struct turn *turn;
	int wake_fd;
	size_t bytes; /* of the rows that are not sent yet */
	int64_t rows; /* that have been sent */
	/* Where the first row that is sent has to come, since nobody has written
	 * to ztp.state after it was looked at; -1: anywhere. */
	int64_t first_at;
	int64_t began;
	FILE *out;
};

int move_open_store(struct move *m, struct ztp_error *error);

/* --- move_turn.c: rows, in transactions that end whatever this group has left
 * open and fence whoever uses its id. */
int move_open_turns(struct move *m, struct ztp_error *error);
/* A store_state_visit; sends when there is enough. */
int move_add(void *move, const struct store_state_row *row,
	     struct ztp_error *error);
/* Sends the rest. result may be NULL. */
int move_send(struct move *m, struct turn_result *result,
	      struct ztp_error *error);

/* --- move_topic.c: what is in ztp.state */
struct move_seen {
	int64_t start, end;
	int64_t rows;	 /* records that are not null */
	int64_t birth;	 /* the offset of the row; -1: there is none */
	int64_t born_at; /* when it was written */
	char id[STORE_BIRTH_MAX + 1];
};
/* whole: what is not committed yet is waited for, so nobody may have begun it. */
int move_look(struct move *m, bool whole, struct move_seen *seen,
	      struct ztp_error *error);
/* Removes all its rows, which must be nobody's. */
int move_clear(struct move *m, struct ztp_error *error);
/* Is the first record from an offset on the null that removes `birth`? */
int move_ended_at(struct move *m, int64_t offset, bool *ended,
		  struct ztp_error *error);
/* The bounds of ztp.journal. */
int move_journal_bounds(struct move *m, int64_t *start, int64_t *end,
			struct ztp_error *error);

/* --- move_members.c: fails if bridges of the group run. */
int move_check_alone(struct move *m, struct ztp_error *error);

/* --- move.c */
int move_begin(struct move *m, const struct config *config, FILE *out,
	       struct ztp_error *error);
/* Returns the exit code. */
int move_end(struct move *m, int rc, const struct ztp_error *error, FILE *err);
double move_seconds(const struct move *m);

#endif
