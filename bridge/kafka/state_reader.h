/*
 * bridge/kafka/state_reader.h - reads `ztp.state` or `ztp.journal`, which have one
 * partition, from an offset on: only what is committed. It is in no group, and
 * never waits for Kafka unless it is told to. Loop thread, or the one thread that
 * has it.
 */
#ifndef BRIDGE_KAFKA_STATE_READER_H
#define BRIDGE_KAFKA_STATE_READER_H

#include "bridge/core/core.h"
#include "bridge/store/store_state.h"

struct state_reader;

/* wake_fd: an eventfd that is written when there is something to read, or -1. */
int state_reader_new(struct state_reader **reader, struct core *core,
		     const char *topic, int wake_fd, struct ztp_error *error);
void state_reader_free(struct state_reader *reader); /* accepts NULL */

/* Reads from there on; what was queued before is dropped. */
#define STATE_READER_START (-2) /* wherever the topic begins */
int state_reader_from(struct state_reader *reader, int64_t offset,
		      struct ztp_error *error);

/* A row as it came. Returns 0, or a negative error, which ends the reading in
 * front of this row. */
struct state_record {
	struct store_state_row row;
	int64_t offset, written_at; /* ms, Kafka's clock */
};
typedef int state_reader_visit(void *arg, const struct state_record *record,
			       struct ztp_error *error);

/* Visits at most `limit` rows; waits for the first for at most wait_ms. Returns
 * how many there were, or a negative error: the visit's, or
 * ZTP_ERR_STATE_LOST, if the topic does not have the offset. */
int state_reader_read(struct state_reader *reader, int limit, int wait_ms,
		      state_reader_visit *visit, void *arg,
		      struct ztp_error *error);

/* Everything before it has been visited: past transactions' markers, too, which
 * are no rows. */
int64_t state_reader_position(const struct state_reader *reader);
/* Was there nothing more when it last looked? */
bool state_reader_at_end(const struct state_reader *reader);

/* Records between the position and the end as the last fetch found it: markers
 * of transactions count, too. 0: nothing more; -1: not known. */
int64_t state_reader_lag(const struct state_reader *reader);

/* The first offset, and the end as it is with what is not committed. Blocks for
 * at most wait_ms. */
struct state_bounds {
	int64_t start, end;
};
/* The offset that the group has committed, with its metadata; 0 and "": none.
 * Blocks for at most wait_ms. */
int state_reader_committed(struct state_reader *reader, int wait_ms,
			   int64_t *offset, char *metadata, size_t cap,
			   struct ztp_error *error);

int state_reader_bounds(struct state_reader *reader, int wait_ms,
			struct state_bounds *bounds, struct ztp_error *error);

#endif
