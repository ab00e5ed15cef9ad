/*
 * One of several bridges without devices: everything that makes it active and
 * ends that is the real thing, on a real Kafka, and its turns write only the row
 * `active`. What a bridge would tell its devices after a turn is a line here.
 *
 * usage: standby CONFIG
 *
 * Prints lines of CLOCK_BOOTTIME in ms and a word: the role on each change;
 * "told N" after the N-th turn, if the lease holds; "left"; "members N" as Kafka
 * knows them, on each change. SIGTERM: leaves.
 * Exits with 2 and what is wrong if Kafka's topics are not as they must be.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/standby/group_topics.h"
#include "bridge/standby/group_view.h"
#include "bridge/standby/opening.h"
#include "bridge/standby/standby.h"
#include "bridge/store/store_state.h"

#define TURN_MS 100
#define STEP_MS 50

static struct bridge {
	struct log log;
	struct config *config;
	struct core core;
	int wake_fd;
	struct copy *copy;
	struct turn *turn;
	struct opening *opening;
	struct standby *standby;
	struct group_view *view;
	size_t members;
	struct ztp_lease lease;
	bool serving, last, done;
	bool sent, sent_last;
	int64_t began, next_turn;
	int turns;
	enum ztp_role_state said;
} b;

static volatile sig_atomic_t stopped;

#define MUST(ok)                                                               \
	do {                                                                   \
		if (!(ok)) {                                                   \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #ok,    \
				error.message);                                \
			exit(1);                                               \
		}                                                              \
	} while (0)

static void on_term(int signal)
{
	(void)signal;
	stopped = 1;
}

static void say(const char *word, int number)
{
	if (number >= 0)
		printf("%" PRId64 " %s %d\n", ztp_clock_boot(), word, number);
	else
		printf("%" PRId64 " %s\n", ztp_clock_boot(), word);
	fflush(stdout);
}

/* --- what the role asks for */

static bool is_ready(void *arg)
{
	(void)arg;
	return opening_copy_read(b.opening);
}

static int64_t newest(void *arg)
{
	(void)arg;
	return group_view_newest(b.view);
}

static void positions(void *arg, bool whole, struct positions *positions)
{
	(void)arg;
	positions_read(positions, &b.core, b.copy, whole);
}

static void act(void *arg, enum ztp_role_action action)
{
	(void)arg;
	opening_act(b.opening, action);
	if (action == ZTP_ROLE_CLOSE) {
		ztp_lease_end(&b.lease);
		b.serving = b.last = b.sent = false;
	} else if (action == ZTP_ROLE_SERVE) {
		b.serving = true;
		b.next_turn = 0;
	} else if (action == ZTP_ROLE_LAST_TURN) {
		b.last = true;
	} else if (action == ZTP_ROLE_DONE) {
		b.done = true;
	}
}

/* --- the turns of the active one */

static void begin_turn(void)
{
	struct ztp_error error = {0};

	if (!b.serving || b.sent || turn_under_way(b.turn) ||
	    (!b.last && ztp_clock_boot() < b.next_turn))
		return;
	b.began = ztp_clock_boot();
	b.next_turn = b.began + TURN_MS;
	MUST(opening_put_active(b.opening, b.last, &error) == 0);
	MUST(store_state_changes(copy_store(b.copy), turn_add_row, b.turn,
				 &error) == 0);
	turn_send(b.turn, false);
	b.sent = true;
	b.sent_last = b.last;
}

static void on_committed(const struct turn_result *result)
{
	struct ztp_error error = {0};

	MUST(store_commit(copy_store(b.copy), 0, &error) == 0);
	copy_wrote(b.copy, result);
	if (b.sent_last) {
		b.serving = false;
		ztp_lease_end(&b.lease);
		say("left", -1);
		standby_tell(b.standby, ZTP_ROLE_ON_LEFT, false, "");
		return;
	}
	ztp_lease_renew(&b.lease, b.began);
	standby_tell(b.standby, ZTP_ROLE_ON_COMMITTED, false, "");
	if (ztp_lease_holds(&b.lease, ztp_clock_boot()))
		say("told", ++b.turns);
}

static void end_turn(void)
{
	struct turn_result result;

	if (!b.sent || !turn_take(b.turn, &result))
		return;
	b.sent = false;
	if (result.outcome == TURN_COMMITTED) {
		on_committed(&result);
		return;
	}
	store_rollback(copy_store(b.copy));
	if (result.outcome == TURN_FENCED)
		standby_tell(b.standby, ZTP_ROLE_ON_FENCED, false,
			     result.why.message);
	else if (result.outcome == TURN_FAILED)
		standby_tell(b.standby, ZTP_ROLE_ON_FAILED, false,
			     result.why.message);
}

/* --- the loop */

static void say_role(void)
{
	enum ztp_role_state state = standby_state(b.standby);

	if (state != b.said)
		say(ztp_role_state_name(state), -1);
	b.said = state;
}

static void turn(void)
{
	struct opening_news news;

	standby_turn(b.standby);
	say_role();
	end_turn();
	if (!b.serving && opening_turn(b.opening, &news)) {
		if (news.event == ZTP_ROLE_ON_COMMITTED)
			ztp_lease_renew(&b.lease, news.began);
		standby_tell(b.standby, news.event, news.left,
			     news.why.message);
	}
	say_role();
	begin_turn();
	group_view_turn(b.view);
	if (group_view_count(b.view) != b.members) {
		b.members = group_view_count(b.view);
		say("members", (int)b.members);
	}
}

static void wait_for_something(void)
{
	struct pollfd woken = {.fd = b.wake_fd, .events = POLLIN};
	int64_t now = ztp_clock_boot(), next = standby_next(b.standby);
	int64_t ms = next > now && next - now < STEP_MS ? next - now : STEP_MS;
	uint64_t count;

	if (next != 0 && next <= now)
		ms = 1;
	if (poll(&woken, 1, (int)ms) == 1 &&
	    read(b.wake_fd, &count, sizeof(count)) < 0)
		perror("read");
}

static int replicas[GROUP_TOPICS];

/* Kafka may not be there yet. */
static void check_topics(void)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	struct ztp_error error = {0};
	int rc;

	while (((rc = group_topics_check(&b.core, replicas, &error)) ==
			ZTP_ERR_IO ||
		rc == ZTP_ERR_MISSING) &&
	       !stopped)
		nanosleep(&pause, NULL);
	if (rc != 0) {
		fprintf(stderr, "refused: %s\n", error.message);
		exit(2);
	}
}

static void open_all(const char *file)
{
	struct ztp_error error = {0};
	struct standby_user user = {is_ready, positions, act, newest, NULL};
	struct member_options member;
	int line;

	MUST(config_load(&b.config, file, &line, &error) == 0);
	log_init(&b.log, STDERR_FILENO, LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	b.core.config = b.config;
	b.core.log = &b.log;
	ztp_clock_anchor(&b.core.clock, 0);
	check_topics();
	b.wake_fd = eventfd(0, EFD_NONBLOCK);
	MUST(b.wake_fd >= 0);
	const char *topic = b.config->kafka.topics.state;
	const struct copy_options copy = {
		.path = b.config->store.path,
		.topic = topic,
		.decisions = b.config->kafka.topics.decisions,
		.wake_fd = b.wake_fd,
	};
	const struct turn_options options = {
		.id = b.config->kafka.group,
		.topic = topic,
		.timeout_ms = b.config->standby.session_timeout_ms,
		.wake_fd = b.wake_fd,
	};
	member = (struct member_options){
		.instance = b.config->standby.instance,
		.advertise = b.config->standby.advertise,
		.session_ms = b.config->standby.session_timeout_ms,
		.wake_fd = b.wake_fd,
	};
	MUST(copy_open(&b.copy, &b.core, &copy, &error) == 0);
	MUST(turn_new(&b.turn, &b.core, &options, &error) == 0);
	MUST(opening_new(&b.opening, &b.core, b.copy, b.turn, &error) == 0);
	MUST(group_view_new(&b.view, &b.core, replicas, b.wake_fd, &error) ==
	     0);
	MUST(standby_new(&b.standby, &b.core, &member, &user, &error) == 0);
}

int main(int argc, char **argv)
{
	bool told = false;

	if (argc != 2)
		return 2;
	signal(SIGTERM, on_term);
	open_all(argv[1]);
	while (!b.done) {
		if (stopped && !told) {
			told = true;
			standby_tell(b.standby, ZTP_ROLE_ON_STOP, false, "");
		}
		turn();
		wait_for_something();
	}
	say_role();
	standby_free(b.standby);
	group_view_free(b.view);
	opening_free(b.opening);
	turn_free(b.turn);
	copy_free(b.copy);
	log_end(&b.log);
	config_free(b.config);
	return 0;
}
