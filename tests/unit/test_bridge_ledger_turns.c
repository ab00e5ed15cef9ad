/* A turn that Kafka need not know, on a copy whose database takes nothing. */
#include "scratch.h"

#include "bridge/ledger/turns.h"
#include "bridge/store/store_internal.h"

/* The commit's own write takes more room than there is. */
#define NO_ROOM                                                                \
	"CREATE TEMP TRIGGER no_room BEFORE INSERT ON meta BEGIN"              \
	" INSERT INTO meta VALUES('room', zeroblob(1000000)); END;"            \
	"PRAGMA max_page_count=1"

struct ledger_case {
	struct scratch scratch;
	struct config *config;
	struct log log;
	struct core core;
	struct copy *copy;
	struct turn *turn;
	struct turns *turns;
	struct ztp_error error;
};

static int nothing_announced(void *arg, int64_t first, int64_t last,
			     struct ztp_error *error)
{
	(void)arg, (void)first, (void)last, (void)error;
	return 0;
}

static int nothing_refused(void *arg, const struct store_record *record,
			   const struct ztp_error *why, struct ztp_error *error)
{
	(void)arg, (void)record, (void)why, (void)error;
	return 0;
}

/* Nothing listens there, and nothing is asked of it. */
static struct config *configure(const char *file)
{
	static const char text[] = "kafka: {brokers: \"127.0.0.1:1\"}\n";
	struct config *config = NULL;
	struct ztp_error error = {0};
	int line;

	scratch_write(file, text, strlen(text));
	if (config_load(&config, file, &line, &error) != 0)
		fail_msg("%s", error.message);
	scratch_unlink(file);
	return config;
}

static void open_ledger(struct ledger_case *c)
{
	const struct copy_options of_copy = {
		.path = c->scratch.base,
		.topic = c->config->kafka.topics.state,
		.decisions = c->config->kafka.topics.decisions,
		.wake_fd = -1,
	};
	const struct turn_options of_turn = {
		.id = c->config->kafka.group,
		.topic = c->config->kafka.topics.state,
		.timeout_ms = 5000,
		.wake_fd = -1,
	};
	const struct producer_user user = {nothing_announced, nothing_refused,
					   NULL};

	assert_int_equal(copy_open(&c->copy, &c->core, &of_copy, &c->error), 0);
	assert_int_equal(turn_new(&c->turn, &c->core, &of_turn, &c->error), 0);
	assert_int_equal(turns_new(&c->turns, &c->core, c->copy, c->turn, &user,
				   &c->error),
			 0);
}

static int setup(void **state)
{
	struct ledger_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	scratch_make(&c->scratch);
	c->config = configure(c->scratch.base);
	log_init(&c->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	c->core.config = c->config;
	c->core.log = &c->log;
	c->core.now = 1700000000000;
	open_ledger(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct ledger_case *c = *state;

	turns_free(c->turns);
	turn_free(c->turn);
	copy_free(c->copy);
	config_free(c->config);
	log_end(&c->log);
	scratch_remove(&c->scratch);
	free(c);
	return 0;
}

/* A turn that has moved nothing but the journal's mark. */
static int send_mark(struct ledger_case *c, uint64_t offset)
{
	const struct journal_mark mark = {1, offset};

	assert_int_equal(
		store_mark_set(copy_store(c->copy), &mark, &mark, &c->error),
		0);
	return turns_send(c->turns, &c->error);
}

static void what_kafka_need_not_know_is_committed(void **state)
{
	struct ledger_case *c = *state;
	struct journal_mark got;

	assert_int_equal(send_mark(c, 7), 1);
	assert_false(turns_under_way(c->turns));
	store_mark_get(copy_store(c->copy), &got);
	assert_int_equal(got.offset, 7);
}

/* The loop takes the number that is returned for what has happened. */
static void a_full_disk_is_told_as_one(void **state)
{
	struct ledger_case *c = *state;
	struct store *store = copy_store(c->copy);

	assert_int_equal(sqlite3_exec(store->db, NO_ROOM, NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(send_mark(c, 7), ZTP_ERR_FULL);
	assert_int_equal(c->error.code, ZTP_ERR_FULL);
	store_rollback(store);
	turns_rollback(c->turns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_kafka_need_not_know_is_committed),
		TEST(a_full_disk_is_told_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
