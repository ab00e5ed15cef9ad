#include "tools/serve/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/listen.h"
#include "tools/common/cli.h"
#include "tools/serve/door.h"
#include "tools/serve/listen.h"
#include "tools/serve/reload.h"
#include "tools/serve/waits.h"
#include "ztp/topics.h"

/* At the end, for what is on its way to Kafka, and for answers that are read. */
#define DRAIN_MS 4000

enum { SIGNALS, WAKE, DOOR, FDS = DOOR + DOORS };

struct running {
	struct server server;
	struct files files;
	struct pollfd fds[FDS];
	int64_t drain_until; /* 0: not ending yet */
};

/* --- the loop */

/* Is it to end? */
static bool take_signals(struct running *running)
{
	struct signalfd_siginfo info;
	bool ends = false;

	while (read(running->fds[SIGNALS].fd, &info, sizeof(info)) ==
	       sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			files_reload(&running->files, &running->server);
		else
			ends = true;
	}
	return ends;
}

static void clear_wake(const struct running *running)
{
	uint64_t count;

	while (read(running->fds[WAKE].fd, &count, sizeof(count)) > 0)
		;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int wait_ms(const struct running *running, int64_t next)
{
	int64_t left = next - ztp_clock_boot();
	int64_t door = door_wait_ms(&running->server);

	left = sooner(left > 0 ? left : 0, FILES_LOOK_MS);
	return (int)(door >= 0 ? sooner(door, left) : left);
}

/* Nothing more is taken: who asks is told so. What waits is answered when Kafka
 * has its decision, and clients may send and read to the end for a moment. */
static bool has_ended(struct running *running)
{
	struct server *server = &running->server;
	int64_t now = ztp_clock_boot();

	if (!server->stopping) {
		server->stopping = true;
		ztp_cli_end_soon(ZTP_APPROVER);
		running->drain_until = now + DRAIN_MS;
		return false;
	}
	if (now >= running->drain_until) {
		if (!server->parked)
			return true;
		waits_end_all(server); /* which is sent, then it ends */
		return false;
	}
	for (struct link *link = server->links.first; link; link = link->next)
		if (link->state != LINK_IDLE && !link->ended)
			return false;
	return true;
}

static void watch_doors(struct running *running)
{
	for (int i = 0; i < DOORS; i++)
		running->fds[DOOR + i].fd = door_fd(&running->server, i);
}

static int loop(struct running *running)
{
	struct server *server = &running->server;
	bool ends = false, more = false;
	int64_t next = 0;

	for (;;) {
		int timeout = more ? 0 : wait_ms(running, next);

		watch_doors(running);
		if (poll(running->fds, FDS, timeout) < 0 && errno != EINTR)
			return ZTP_EXIT_FAILED;
		ends = take_signals(running) || ends;
		clear_wake(running);
		more = world_turn(server->world);
		next = waits_end_late(server, ztp_clock_boot());
		next = sooner(next,
			      links_end_late(&server->links, ztp_clock_boot()));
		if (!ends)
			files_look(&running->files, server);
		else if (has_ended(running))
			return ZTP_EXIT_OK;
		door_run(server);
		if (ends)
			next = sooner(next, ztp_clock_boot() + 20);
	}
}

/* --- start and end */

/* Nobody can decide, or listen to who does, without being let in. */
static int check_reach(const struct serve_settings *settings, bool loopback,
		       struct ztp_error *error)
{
	if (loopback)
		return 0;
	if (!settings->tokens_file)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"--listen %s can be reached from outside: "
				"--tokens FILE is needed",
				settings->listen);
	if (!settings->tls_cert && !settings->behind_proxy)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"--listen %s can be reached from outside: "
				"--tls-cert and --tls-key are needed, or "
				"--behind-proxy",
				settings->listen);
	return 0;
}

static int watch(struct running *running, struct ztp_error *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		running->fds[SIGNALS].fd =
			signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	running->fds[WAKE].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (running->fds[SIGNALS].fd < 0 || running->fds[WAKE].fd < 0)
		return ztp_fail(error, ZTP_ERR_IO, "%s", strerror(errno));
	for (int i = 0; i < FDS; i++)
		running->fds[i].events = POLLIN;
	return 0;
}

static int start_door(struct running *running, struct ztp_error *error)
{
	struct server *server = &running->server;
	bool loopback = false;
	char name[ZTP_LISTEN_NAME] = "?";
	int rc, fd = listen_open(&loopback, server->settings->listen, error);

	if (fd < 0)
		return fd;
	server->listening = fd;
	rc = check_reach(server->settings, loopback, error);
	if (!rc)
		rc = files_start_door(&running->files, server, error);
	if (rc)
		return rc;
	(void)ztp_listen_name(name, fd);
	ztp_cli_warn(ZTP_APPROVER, "listening on %s://%s",
		     server->settings->tls_cert ? "https" : "http", name);
	return 0;
}

static int start_world(struct running *running, struct ztp_error *error)
{
	const struct serve_settings *settings = running->server.settings;
	const struct world_settings world = {
		.brokers = settings->brokers,
		.group = settings->group,
		.props = settings->props,
		.requests = settings->requests,
		.decisions = settings->decisions,
		.decisions_given = settings->decisions_given,
		.results = settings->results,
		.wake = running->fds[WAKE].fd,
		.on_answer = waits_on_answer,
		.on_read = waits_on_read,
		.on_stored = waits_on_stored,
		.arg = &running->server,
	};

	running->server.world = world_new(&world, error);
	return running->server.world ? 0 : (int)error->code;
}

static void end(struct running *running)
{
	door_stop(&running->server);
	world_free(running->server.world);
	under_way_clear(&running->server.under_way);
	tokens_clear(&running->server.tokens);
	if (running->server.listening >= 0)
		close(running->server.listening);
	for (int i = 0; i < DOOR; i++)
		if (running->fds[i].fd >= 0)
			close(running->fds[i].fd);
}

int serve_run(const struct serve_settings *settings)
{
	struct running running = {
		.server = {.settings = settings,
			   .secure =
				   settings->tls_cert || settings->behind_proxy,
			   .listening = -1},
		.fds = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}},
	};
	struct ztp_error error = {.code = ZTP_OK};
	int rc = files_open(&running.files, &running.server, &error);

	if (!rc)
		rc = watch(&running, &error);
	if (!rc)
		rc = start_door(&running, &error);
	if (!rc)
		rc = start_world(&running, &error);
	if (rc) {
		ztp_cli_warn(ZTP_APPROVER, "%s", error.message);
		rc = error.code == ZTP_ERR_IO || error.code == ZTP_ERR_NOMEM
			     ? ZTP_EXIT_FAILED
			     : ZTP_EXIT_USAGE;
	} else {
		rc = loop(&running);
	}
	end(&running);
	return rc;
}
