/*
 * Rows of ztp.state as Kafka's transactions, each of a bounded size. One that
 * fails ends the run: it is done again as a whole.
 */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/move/move_internal.h"

#define ROWS  4096
#define BYTES ((size_t)4 << 20)

static int no_answer(struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_IO,
			"kafka does not answer: run it again");
}

static int await(struct move *m, struct turn_result *result,
		 struct ztp_error *error)
{
	struct pollfd woken = {.fd = m->wake_fd, .events = POLLIN};
	int64_t until = ztp_clock_boot() + MOVE_WAIT_MS, now;
	uint64_t count;

	while (!turn_take(m->turn, result)) {
		now = ztp_clock_boot();
		if (now >= until)
			return no_answer(error);
		if (poll(&woken, 1, (int)(until - now)) == 1 &&
		    read(m->wake_fd, &count, sizeof(count)) < 0)
			return no_answer(error);
	}
	if (result->outcome == TURN_OPENED || result->outcome == TURN_COMMITTED)
		return 0;
	if (result->outcome == TURN_FENCED)
		return ztp_fail(error, ZTP_ERR_FENCED,
				"a bridge of group %s, or another of these "
				"runs, is at work",
				m->core.config->kafka.group);
	*error = result->why;
	return error->code;
}

int move_open_turns(struct move *m, struct ztp_error *error)
{
	const struct config *config = m->core.config;
	const struct turn_options options = {
		.id = config->kafka.group,
		.topic = config->kafka.topics.state,
		.timeout_ms = config->standby.session_timeout_ms,
		.wake_fd = m->wake_fd,
	};
	struct turn_result result = {0};
	int rc = turn_new(&m->turn, &m->core, &options, error);

	if (rc != 0)
		return rc;
	turn_open(m->turn);
	return await(m, &result, error);
}

int move_send(struct move *m, struct turn_result *result,
	      struct ztp_error *error)
{
	struct turn_result ignored = {0};
	int count = turn_count(m->turn), rc;

	if (count == 0)
		return 0;
	if (m->first_at >= 0)
		turn_send_at(m->turn, m->first_at);
	else
		turn_send(m->turn, false);
	m->first_at = -1;
	rc = await(m, result ? result : &ignored, error);
	if (rc == 0)
		m->rows += count;
	m->bytes = 0;
	return rc;
}

int move_add(void *arg, const struct store_state_row *row,
	     struct ztp_error *error)
{
	struct move *m = arg;
	int rc = turn_add_row(m->turn, row, error);

	m->bytes += row->key.n + row->value.n;
	if (rc == 0 && (turn_count(m->turn) >= ROWS || m->bytes >= BYTES))
		rc = move_send(m, NULL, error);
	return rc;
}
