/*
 * A bridge with the ledger of several that is always the active one: without a
 * group, it takes over at its start, and again whenever it has been fenced.
 *
 * usage: active --config FILE
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/journal/journal_id.h"
#include "bridge/ledger/copy.h"
#include "bridge/loop/loop.h"
#include "bridge/store/store_state.h"

#define WAIT_MS	   20000
#define TIMEOUT_MS 5000

struct active {
	struct log log;
	struct config *config;
	struct core core;
	struct copy *copy;
	struct turn *turn;
};

static int put_active(void *arg, bool left, struct ztp_error *error)
{
	struct active *a = arg;
	struct state_row row = {
		.kind = STATE_ACTIVE,
		.count = STATE_ACTIVE_CELLS,
		.cells = {
			[STATE_ACTIVE_INSTANCE] = {.type = STATE_TEXT,
						   .bytes = ztp_str_of("one")},
			[STATE_ACTIVE_EPOCH] = {.type = STATE_TEXT,
						.bytes = ztp_str_of("1")},
			[STATE_ACTIVE_LEFT] = {.type = STATE_NUMBER,
					       .number = left},
			[STATE_ACTIVE_HOLD_UNTIL] = {.type = STATE_NUMBER},
			[STATE_ACTIVE_AT] = {.type = STATE_NUMBER,
					     .number = ztp_clock_wall()},
		}};

	return store_state_put(copy_store(a->copy), &row, error);
}

static int put_birth(struct active *a, struct ztp_error *error)
{
	struct state_row row = {
		.kind = STATE_BIRTH,
		.count = STATE_BIRTH_CELLS,
		.cells = {{.type = STATE_TEXT, .bytes = ztp_str_of("birth")},
			  {.type = STATE_NUMBER}}};

	return copy_has_birth(a->copy)
		       ? 0
		       : store_state_put(copy_store(a->copy), &row, error);
}

static int wait_for(struct active *a, struct turn_result *result,
		    struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + WAIT_MS;

	while (!turn_take(a->turn, result)) {
		if (ztp_clock_boot() > until)
			return ztp_fail(error, ZTP_ERR_IO, "no answer");
		usleep(1000);
	}
	*error = result->why;
	return result->outcome <= TURN_COMMITTED ? 0 : result->why.code;
}

static int read_all(struct active *a, struct ztp_error *error)
{
	int64_t end;
	int rc = copy_end(a->copy, WAIT_MS, &end, error);

	while (rc >= 0 && copy_position(a->copy) < end)
		rc = copy_step(a->copy, 4096, 100, error);
	return rc < 0 ? rc : copy_commit(a->copy, error);
}

static int claim(struct active *a, struct ztp_error *error)
{
	struct store *store = copy_store(a->copy);
	struct turn_result result;
	int rc = put_birth(a, error);

	if (rc == 0)
		rc = put_active(a, false, error);
	if (rc == 0)
		rc = store_state_changes(store, turn_add_row, a->turn, error);
	if (rc != 0)
		return rc;
	turn_send(a->turn, false);
	rc = wait_for(a, &result, error);
	if (rc == 0)
		rc = store_commit(store, 0, error);
	if (rc == 0)
		copy_wrote(a->copy, &result);
	return rc;
}

static int take_over(struct active *a, struct ztp_error *error)
{
	struct turn_result result;
	int rc;

	turn_open(a->turn);
	rc = wait_for(a, &result, error);
	if (rc == 0)
		rc = copy_begin(a->copy, WAIT_MS, error);
	if (rc == 0)
		rc = read_all(a, error);
	return rc == 0 ? claim(a, error) : rc;
}

static bool no_reload(void *arg)
{
	(void)arg;
	return false;
}

static int run(struct active *a, struct ztp_error *error)
{
	char journal[JOURNAL_ID_LEN];
	struct loop_group group = {
		.journal = journal, .put_active = put_active, .arg = a};
	int rc = journal_id(journal, a->config->store.path, error);

	while (rc == 0) {
		rc = take_over(a, error);
		group.copy = a->copy;
		group.turn = a->turn;
		if (rc == 0)
			rc = loop_run_active(a->config, &a->log, &group,
					     no_reload, NULL);
		if (rc != LOOP_OVER)
			break;
		log_warn(&a->log, "fenced");
		rc = 0;
	}
	return rc;
}

static int start(struct active *a, struct ztp_error *error)
{
	const struct config *config = a->config;
	const struct copy_options of_copy = {
		.path = config->store.path,
		.topic = config->kafka.topics.state,
		.decisions = config->kafka.topics.decisions,
		.wake_fd = -1,
	};
	const struct turn_options of_turn = {
		.id = config->kafka.group,
		.topic = config->kafka.topics.state,
		.timeout_ms = TIMEOUT_MS,
		.wake_fd = -1,
	};
	int rc;

	log_init(&a->log, STDERR_FILENO, config->log.level, config->log.format);
	a->core.config = config;
	a->core.log = &a->log;
	rc = copy_open(&a->copy, &a->core, &of_copy, error);
	return rc == 0 ? turn_new(&a->turn, &a->core, &of_turn, error) : rc;
}

/* The loop takes them by a file descriptor, and threads are there before it. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	struct active a = {0};
	struct ztp_error error = {0};
	int line, rc;

	if (argc != 3)
		return 2;
	block_signals();
	rc = config_load(&a.config, argv[2], &line, &error);
	if (rc == 0)
		rc = start(&a, &error);
	if (rc == 0)
		rc = run(&a, &error);
	if (rc != 0)
		fprintf(stderr, "active: %d: %s\n", rc, error.message);
	turn_free(a.turn);
	copy_free(a.copy);
	config_free(a.config);
	return rc == 0 ? 0 : 1;
}
