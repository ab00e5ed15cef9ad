#include "tools/serve/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tools/common/cli.h"
#include "tools/serve/door.h"
#include "tools/serve/listen.h"
#include "tools/serve/reload.h"
#include "tools/serve/waits.h"
#include "ztp/topics.h"

#define PEM_MAX	 (256 * 1024)
#define DRAIN_MS 2000 /* for answers that are still read at the end */

enum { SIGNALS, WAKE, DOOR, FDS };

struct running {
	struct server server;
	struct tokens_file tokens_file;
	struct door_tls tls;
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
			tokens_file_reload(&running->tokens_file,
					   &running->server.tokens);
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

	left = sooner(left > 0 ? left : 0, TOKENS_LOOK_MS);
	return (int)(door >= 0 ? sooner(door, left) : left);
}

/* Answers what waits, then lets clients read for a moment. */
static bool has_ended(struct running *running)
{
	struct server *server = &running->server;
	int64_t now = ztp_clock_boot();

	if (!running->drain_until) {
		running->drain_until = now + DRAIN_MS;
		door_quiesce(server);
		waits_end_all(server);
		return false;
	}
	for (struct link *link = server->links.first; link; link = link->next)
		if (link->state == LINK_READS && !link->ended)
			return now >= running->drain_until;
	return true;
}

static int loop(struct running *running)
{
	struct server *server = &running->server;
	bool ends = false, more = false;
	int64_t next = 0;

	for (;;) {
		int timeout = more ? 0 : wait_ms(running, next);

		if (poll(running->fds, FDS, timeout) < 0 && errno != EINTR)
			return ZTP_EXIT_FAILED;
		ends = take_signals(running) || ends;
		clear_wake(running);
		more = world_turn(server->world);
		next = waits_end_late(server, ztp_clock_boot());
		next = sooner(next,
			      links_end_late(&server->links, ztp_clock_boot()));
		if (!ends)
			tokens_file_look(&running->tokens_file,
					 &server->tokens);
		else if (has_ended(running))
			return ZTP_EXIT_OK;
		door_run(server);
		if (ends)
			next = sooner(next, ztp_clock_boot() + 20);
	}
}

/* --- start and end */

static int read_pem(char **pem, const char *path, struct ztp_error *error)
{
	size_t len;
	int rc;

	if (!path)
		return 0;
	rc = ztp_file_read(pem, &len, path, PEM_MAX, error);
	if (!rc && !strstr(*pem, "-----BEGIN "))
		rc = ztp_fail(error, ZTP_ERR_VALUE, "%s is not PEM", path);
	return rc;
}

static int read_files(struct running *running, struct ztp_error *error)
{
	const struct serve_settings *settings = running->server.settings;
	int rc = read_pem(&running->tls.cert, settings->tls_cert, error);

	if (!rc)
		rc = read_pem(&running->tls.key, settings->tls_key, error);
	if (!rc)
		rc = read_pem(&running->tls.client_ca, settings->client_ca,
			      error);
	if (!rc && settings->tokens_file)
		rc = tokens_file_open(&running->tokens_file,
				      &running->server.tokens,
				      settings->tokens_file, error);
	return rc;
}

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
	char name[128];
	int rc, fd = listen_open(&loopback, server->settings->listen, error);

	if (fd < 0)
		return fd;
	rc = check_reach(server->settings, loopback, error);
	if (rc) {
		close(fd);
		return rc;
	}
	rc = door_start(server, fd, &running->tls, error);
	if (rc)
		return rc;
	running->fds[DOOR].fd = door_fd(server);
	listen_name(name, fd);
	ztp_cli_warn(ZTP_APPROVER, "listening on %s://%s",
		     running->tls.cert ? "https" : "http", name);
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
		.results = settings->results,
		.wake = running->fds[WAKE].fd,
		.on_answer = waits_on_answer,
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
	tokens_clear(&running->server.tokens);
	free(running->tls.cert);
	if (running->tls.key)
		explicit_bzero(running->tls.key, strlen(running->tls.key));
	free(running->tls.key);
	free(running->tls.client_ca);
	for (int i = 0; i < DOOR; i++)
		if (running->fds[i].fd >= 0)
			close(running->fds[i].fd);
}

int serve_run(const struct serve_settings *settings)
{
	struct running running = {
		.server = {.settings = settings,
			   .secure = settings->tls_cert ||
				     settings->behind_proxy},
		.fds = {{.fd = -1}, {.fd = -1}, {.fd = -1}},
	};
	struct ztp_error error = {.code = ZTP_OK};
	int rc = read_files(&running, &error);

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
