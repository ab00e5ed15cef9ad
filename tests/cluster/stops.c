/*
 * Stops a bridge before it commits a turn, for tests that have to know what is in
 * its journal, or what a customer who reads uncommitted has been shown, when it is
 * killed. It is linked around the bridge (scripts/cluster.mk).
 *
 * While the file $ZTP_TEST_STOP is there, no turn is committed that asks a
 * customer, or, if the file has the word "any" in it, none at all. The file with
 * ".reached" at the end of its name is made when the bridge has come to that, and
 * taking it away lets this one turn go.
 *
 * While the file has the word "deaf" in it, nobody answers where ztp.state ends,
 * as if its leader were out of reach.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/kafka/state_reader.h"
#include "bridge/kafka/turn_internal.h"

#define LOOK_US 2000

static _Atomic bool asks; /* the turn that is under way */

int __real_turn_add_record(struct turn *turn, const struct store_record *record,
			   struct ztp_error *error);
int __wrap_turn_add_record(struct turn *turn, const struct store_record *record,
			   struct ztp_error *error);
rd_kafka_error_t *__real_rd_kafka_commit_transaction(rd_kafka_t *rk,
						     int timeout_ms);
rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk,
						     int timeout_ms);
int __real_state_reader_bounds(struct state_reader *reader, int wait_ms,
			       struct state_bounds *bounds,
			       struct ztp_error *error);
int __wrap_state_reader_bounds(struct state_reader *reader, int wait_ms,
			       struct state_bounds *bounds,
			       struct ztp_error *error);

int __wrap_turn_add_record(struct turn *turn, const struct store_record *record,
			   struct ztp_error *error)
{
	if (record->topic == STORE_REQUESTS)
		asks = true;
	return __real_turn_add_record(turn, record, error);
}

/* False: there is no file. */
static bool read_word(const char *name, char word[8])
{
	FILE *file = fopen(name, "re");

	if (!file)
		return false;
	if (!fgets(word, 8, file))
		word[0] = '\0';
	fclose(file);
	return true;
}

static bool is_stopped(const char *name)
{
	char word[8] = "";

	return read_word(name, word) && (asks || strncmp(word, "any", 3) == 0);
}

static void stand(const char *name)
{
	char reached[4096];
	FILE *file;

	snprintf(reached, sizeof(reached), "%s.reached", name);
	file = fopen(reached, "we");
	if (file)
		fclose(file);
	while (is_stopped(name) && access(reached, F_OK) == 0)
		usleep(LOOK_US);
}

rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk,
						     int timeout_ms)
{
	const char *name = getenv("ZTP_TEST_STOP");

	if (name && is_stopped(name))
		stand(name);
	asks = false;
	return __real_rd_kafka_commit_transaction(rk, timeout_ms);
}

int __wrap_state_reader_bounds(struct state_reader *reader, int wait_ms,
			       struct state_bounds *bounds,
			       struct ztp_error *error)
{
	const char *name = getenv("ZTP_TEST_STOP");
	char word[8] = "";

	if (name && read_word(name, word) && strncmp(word, "deaf", 4) == 0)
		return ztp_fail(error, ZTP_ERR_IO, "nobody answers");
	return __real_state_reader_bounds(reader, wait_ms, bounds, error);
}
