/*
 * A bridge's ledger without the bridge: its copy and its turns on a real Kafka,
 * one command a line, so that a test decides when it is killed.
 *
 * usage: ledger CONFIG STORE STATE_TOPIC COMMANDS
 *
 * COMMANDS is a FIFO. Each command is answered with one line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "bridge/ledger/turns.h"
#include "bridge/store/store_internal.h"

#define WAIT_MS	   20000
#define TIMEOUT_MS 5000

static struct driver {
	struct log log;
	struct config *config;
	struct core core;
	struct copy *copy;
	struct turn *turn;
	struct turns *turns;
	const char *hold; /* where the next one stops */
} d;

#define MUST(ok)                                                               \
	do {                                                                   \
		if (!(ok)) {                                                   \
			fprintf(stderr, "line %d: %s\n", __LINE__, #ok);       \
			abort();                                               \
		}                                                              \
	} while (0)

/* Waits there until somebody kills this process. */
static void hold_at(const char *point)
{
	if (!d.hold || strcmp(d.hold, point) != 0)
		return;
	printf("held %s\n", point);
	fflush(stdout);
	for (;;)
		pause();
}

rd_kafka_error_t *__real_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms);
rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms);

rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms)
{
	rd_kafka_error_t *error;

	hold_at("flushed");
	error = __real_rd_kafka_commit_transaction(rk, ms);
	if (!error)
		hold_at("committed");
	return error;
}

int __real_store_commit(struct store *store, int64_t now,
			struct ztp_error *error);
int __wrap_store_commit(struct store *store, int64_t now,
			struct ztp_error *error);

int __wrap_store_commit(struct store *store, int64_t now,
			struct ztp_error *error)
{
	hold_at("release");
	return __real_store_commit(store, now, error);
}

static struct store *store(void)
{
	return copy_store(d.copy);
}

static bool failed(int rc, const struct ztp_error *error)
{
	if (rc < 0)
		printf("error %s %s\n", ztp_err_name((enum ztp_err)rc),
		       error->message);
	return rc < 0;
}

/* --- reading */

static void do_read(void)
{
	struct ztp_error error = {0};
	int64_t end = 0, began = ztp_clock_boot(), rows = 0;
	int rc = copy_begin(d.copy, WAIT_MS, &error);

	if (rc == 0)
		rc = copy_end(d.copy, WAIT_MS, &end, &error);
	while (rc >= 0 && copy_position(d.copy) < end) {
		rc = copy_step(d.copy, 4096, 100, &error);
		rows += rc > 0 ? rc : 0;
	}
	while (rc >= 0 && !copy_at_end(d.copy))
		rc = copy_step(d.copy, 4096, 100, &error);
	if (rc >= 0)
		rc = copy_commit(d.copy, &error);
	if (!failed(rc, &error))
		printf("read %" PRId64 " %" PRId64 "\n", rows,
		       ztp_clock_boot() - began);
}

/* --- turns */

static void wait_for(struct turn_result *result)
{
	int64_t until = ztp_clock_boot() + WAIT_MS;

	while (!turn_take(d.turn, result)) {
		MUST(ztp_clock_boot() < until);
		usleep(500);
	}
}

static void do_open(void)
{
	struct turn_result result;

	turn_open(d.turn);
	wait_for(&result);
	printf("%s %s\n", turn_outcome_name(result.outcome),
	       result.outcome == TURN_OPENED ? "" : result.why.message);
}

static void do_birth(const char *id)
{
	struct state_row row = {
		.kind = STATE_BIRTH,
		.count = STATE_BIRTH_CELLS,
		.cells = {{.type = STATE_TEXT, .bytes = ztp_str_of(id)},
			  {.type = STATE_NUMBER, .number = 1}}};
	struct ztp_error error = {0};

	if (!failed(store_state_put(store(), &row, &error), &error))
		printf("ok\n");
}

static int write_record(struct store_record *record, struct ztp_error *error)
{
	return ledger_write(turns_ledger(d.turns), record, NULL, error);
}

static int add_event(const char *id, struct ztp_error *error)
{
	struct store_request r = {
		.state = ZTP_STATE_RECEIVED,
		.attempt = 1,
		.received_at = 1700000000000,
		.expires_at = 1800000000000,
		.announced_at = 1700000000000,
		.owed.due_at = 1800000000000,
	};
	struct ztp_header header = {"ce_id", ztp_str_of(id)};
	struct store_record record = {
		.topic = STORE_REQUESTS,
		.key = ztp_str_of(id),
		.value = ztp_str_of(id),
		.headers = &header,
		.header_count = 1,
	};
	int rc;

	snprintf(r.id, sizeof(r.id), "%s", id);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/acme/registries/plant-7/devices/%s", id);
	ztp_sha256(r.fingerprint, id, strlen(id));
	memcpy(r.identity, r.fingerprint, sizeof(r.identity));
	rc = store_request_add(store(), &r, error);
	record.request = r.n;
	return rc == 0 ? write_record(&record, error) : rc;
}

static void do_event(const char *id)
{
	struct ztp_error error = {0};

	if (!failed(add_event(id, &error), &error))
		printf("ok\n");
}

static void do_decide(const char *id)
{
	uint8_t payload[] = "{\"a\":1}";
	struct store_decision decision = {
		.by_customer = true,
		.verdict = ZTP_APPROVE,
		.topic = "ztp.decisions",
		.payload = {.kind = ZTP_PAYLOAD_JSON,
			    .data = payload,
			    .len = sizeof(payload) - 1},
	};
	struct ztp_error error = {0};
	struct store_request r;
	int rc = store_request_by_id(store(), id, &r, &error);

	MUST(rc == 1);
	rc = store_decision_put(store(), &r, &decision, &error);
	r.state = ZTP_STATE_ONBOARDED;
	r.finished_at = 1700000001000;
	r.owed.due_at = 0;
	if (rc == 0)
		rc = store_request_save(store(), &r, &error);
	if (!failed(rc, &error))
		printf("ok\n");
}

static void do_evict(void)
{
	struct ztp_error error = {0};
	int rc = store_evict(store(), 0, false, 1000, &error);

	if (!failed(rc, &error))
		printf("ok %d\n", rc);
}

/* "-": without a key. */
static void do_audit(const char *key)
{
	struct store_record record = {.topic = STORE_AUDIT,
				      .value = ztp_str_of("{}")};
	struct ztp_error error = {0};

	if (strcmp(key, "-") != 0)
		record.key = ztp_str_of(key);
	if (!failed(write_record(&record, &error), &error))
		printf("ok\n");
}

/* A record that Kafka takes from nobody. */
static void do_huge(void)
{
	size_t size = 4u << 20;
	char *value = calloc(1, size);
	struct store_record record = {.topic = STORE_RESULTS,
				      .key = ztp_str_of("huge"),
				      .value = {value, size}};
	struct ztp_error error = {0};

	MUST(value);
	if (!failed(write_record(&record, &error), &error))
		printf("ok\n");
	free(value);
}

static enum turns_end wait_for_turn(struct turn_result *result)
{
	int64_t until = ztp_clock_boot() + WAIT_MS;
	enum turns_end end;

	while ((end = turns_take(d.turns, result)) == TURNS_UNDER_WAY) {
		MUST(ztp_clock_boot() < until);
		usleep(500);
	}
	return end;
}

static bool turn(struct turn_result *result)
{
	struct ztp_error error = {0};
	enum turns_end end;
	int rc = turns_send(d.turns, &error);

	if (failed(rc, &error))
		return false;
	memset(result, 0, sizeof(*result));
	end = rc == 0 ? wait_for_turn(result) : TURNS_COMMITTED;
	if (end == TURNS_COMMITTED) {
		hold_at("released");
		return true;
	}
	store_rollback(store());
	turns_rollback(d.turns);
	printf("%s %s\n", turn_outcome_name(result->outcome),
	       result->why.message);
	return false;
}

/* What the life of requests does with these. */
static int announced(void *arg, int64_t first, int64_t last,
		     struct ztp_error *error)
{
	(void)arg;
	return store_request_announced(store(), first, last, 1700000000000,
				       error);
}

static int refused(void *arg, const struct store_record *old,
		   const struct ztp_error *why, struct ztp_error *error)
{
	struct ztp_header header = {"why", ztp_str_of(ztp_err_name(why->code))};
	struct store_record record = {
		.topic = STORE_DLQ,
		.key = old->key,
		.value = ztp_str_of(""),
		.headers = &header,
		.header_count = 1,
	};

	(void)arg;
	return write_record(&record, error);
}

static void do_turn(void)
{
	struct turn_result result;

	if (turn(&result))
		printf("committed %" PRId64 "\n", result.next);
}

static void do_fill(const char *count)
{
	struct ztp_error error = {0};
	struct turn_result result;
	long n = strtol(count, NULL, 10), i;
	char id[32];

	for (i = 1; i <= n; i++) {
		snprintf(id, sizeof(id), "filled-%08ld", i);
		if (failed(add_event(id, &error), &error))
			return;
		if (i % 4096 != 0 && i != n)
			continue;
		if (!turn(&result) ||
		    failed(copy_commit(d.copy, &error), &error))
			return;
	}
	printf("filled %ld\n", n);
}

static void do_write(void)
{
	struct ztp_error error = {0};

	if (!failed(copy_commit(d.copy, &error), &error))
		printf("ok\n");
}

/* --- what is in the store */

#define OTHER_META                                                             \
	"SELECT name,value FROM meta WHERE name NOT IN "                       \
	"('copy','facts','stirred','member') ORDER BY name"

static const char *const dumps[] = {
	"SELECT * FROM request ORDER BY n", "SELECT * FROM decision ORDER BY n",
	"SELECT * FROM position ORDER BY 1,2", OTHER_META};

static void do_dump(void)
{
	uint8_t sum[2 * ZTP_SHA256_LEN] = {0};
	char hex[ZTP_SHA256_HEX];
	int64_t rows = 0;
	size_t i;

	for (i = 0; i < sizeof(dumps) / sizeof(*dumps); i++) {
		sqlite3_stmt *stmt;
		int column;

		MUST(sqlite3_prepare_v2(store()->db, dumps[i], -1, &stmt,
					NULL) == SQLITE_OK);
		for (; sqlite3_step(stmt) == SQLITE_ROW; rows++)
			for (column = 0; column < sqlite3_column_count(stmt);
			     column++) {
				const void *p =
					sqlite3_column_blob(stmt, column);
				int n = sqlite3_column_bytes(stmt, column);

				ztp_sha256(sum + ZTP_SHA256_LEN, p ? p : "",
					   (size_t)n);
				ztp_sha256(sum, sum, sizeof(sum));
			}
		sqlite3_finalize(stmt);
	}
	ztp_hex_encode(hex, sum, ZTP_SHA256_LEN);
	printf("dump %" PRId64 " %" PRId64 " %s\n", rows,
	       store_unfinished(store()), hex);
}

/* --- commands */

static void carry_out(char *line)
{
	char *argument = line + strcspn(line, " ");

	if (*argument)
		*argument++ = '\0';
	if (strcmp(line, "read") == 0)
		do_read();
	else if (strcmp(line, "open") == 0)
		do_open();
	else if (strcmp(line, "birth") == 0)
		do_birth(argument);
	else if (strcmp(line, "event") == 0)
		do_event(argument);
	else if (strcmp(line, "decide") == 0)
		do_decide(argument);
	else if (strcmp(line, "evict") == 0)
		do_evict();
	else if (strcmp(line, "audit") == 0)
		do_audit(argument);
	else if (strcmp(line, "huge") == 0)
		do_huge();
	else if (strcmp(line, "turn") == 0)
		do_turn();
	else if (strcmp(line, "fill") == 0)
		do_fill(argument);
	else if (strcmp(line, "write") == 0)
		do_write();
	else if (strcmp(line, "dump") == 0)
		do_dump();
	else if (strcmp(line, "hold") == 0) {
		d.hold = strdup(argument);
		printf("ok\n");
	} else
		MUST(!"a command");
	fflush(stdout);
}

static int start(char **argv, struct ztp_error *error)
{
	struct copy_options of_copy = {
		.path = argv[2],
		.topic = argv[3],
		.wake_fd = -1,
	};
	struct turn_options of_turn = {
		.topic = argv[3],
		.timeout_ms = TIMEOUT_MS,
		.wake_fd = -1,
	};
	const struct producer_user user = {announced, refused, NULL};
	int line, rc = config_load(&d.config, argv[1], &line, error);

	if (rc != 0)
		return rc;
	log_init(&d.log, STDERR_FILENO, LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
	d.core.config = d.config;
	d.core.log = &d.log;
	of_copy.decisions = d.config->kafka.topics.decisions;
	of_turn.id = d.config->kafka.group;
	rc = copy_open(&d.copy, &d.core, &of_copy, error);
	if (rc == 0)
		rc = turn_new(&d.turn, &d.core, &of_turn, error);
	return rc == 0 ? turns_new(&d.turns, &d.core, d.copy, d.turn, &user,
				   error)
		       : rc;
}

int main(int argc, char **argv)
{
	struct ztp_error error = {0};
	char line[256];

	FILE *commands;

	MUST(argc == 5);
	if (start(argv, &error) != 0) {
		printf("error %s %s\n", ztp_err_name(error.code),
		       error.message);
		return 1;
	}
	printf("started\n");
	fflush(stdout);
	commands = fopen(argv[4], "r");
	MUST(commands);
	while (fgets(line, sizeof(line), commands)) {
		line[strcspn(line, "\n")] = '\0';
		carry_out(line);
	}
	fclose(commands);
	turns_free(d.turns);
	turn_free(d.turn);
	copy_free(d.copy);
	config_free(d.config);
	log_end(&d.log);
	return 0;
}
