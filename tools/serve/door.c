#include "tools/serve/door.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tools/serve/exchange.h"

#define CONNECTION_MEMORY (32 * 1024) /* request line, headers, output */
#define RUNS_MAX	  8	      /* while more is to be done */

static void on_connection(void *arg, struct MHD_Connection *connection,
			  void **link, enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;

	server->moved = true;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		links_leave(&server->links, *link);
		*link = NULL;
		return;
	}
	*link = links_join(
		&server->links,
		MHD_get_connection_info(connection,
					MHD_CONNECTION_INFO_CONNECTION_FD)
			->connect_fd,
		ztp_clock_boot());
}

/* Addresses are decoded here, segment by segment: libmicrohttpd would make a
 * NUL of %00. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection,
			   char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

/* It reports clients that hang up. */
__attribute__((format(printf, 2, 0))) static void
on_complaint(void *arg, const char *format, va_list args)
{
	(void)arg;
	(void)format;
	(void)args;
}

/* --- start and end */

#define OPTIONS_MAX 8

static void add_option(struct MHD_OptionItem options[OPTIONS_MAX],
		       enum MHD_OPTION option, const char *value)
{
	size_t i = 0;

	while (options[i].option != MHD_OPTION_END)
		i++;
	options[i] =
		(struct MHD_OptionItem){option, 0, (void *)(uintptr_t)value};
	options[i + 1] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start(struct server *server, int listening,
				const struct door_tls *tls)
{
	struct MHD_OptionItem options[OPTIONS_MAX] = {
		{MHD_OPTION_END, 0, NULL}};
	unsigned flags =
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;

	if (tls->cert) {
		flags |= MHD_USE_TLS;
		add_option(options, MHD_OPTION_HTTPS_MEM_CERT, tls->cert);
		add_option(options, MHD_OPTION_HTTPS_MEM_KEY, tls->key);
		add_option(options, MHD_OPTION_HTTPS_PRIORITIES,
			   "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
	}
	if (tls->client_ca)
		add_option(options, MHD_OPTION_HTTPS_MEM_TRUST, tls->client_ca);
	/* The logger must be the first option. */
	return MHD_start_daemon(
		flags, 0, NULL, NULL, exchange_step, server,
		MHD_OPTION_EXTERNAL_LOGGER, on_complaint, NULL,
		MHD_OPTION_LISTEN_SOCKET, listening,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)(2 * LINKS_MAX),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_end, server,
		MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

void door_tls_clear(struct door_tls *tls)
{
	free(tls->cert);
	if (tls->key)
		explicit_bzero(tls->key, strlen(tls->key));
	free(tls->key);
	free(tls->client_ca);
	*tls = (struct door_tls){.cert = NULL};
}

static void quiesce(struct door *door)
{
	int listening = MHD_quiesce_daemon(door->daemon);

	if (listening >= 0)
		close(listening);
}

static void stop(struct door *door)
{
	if (door->daemon)
		MHD_stop_daemon(door->daemon);
	door->daemon = NULL;
	door_tls_clear(&door->tls);
}

bool door_may_start(const struct server *server)
{
	return !server->doors[DOOR_RETIRES].daemon;
}

/* Each has a socket of its own, so that the next one is there before the one
 * before has stopped listening. */
int door_start(struct server *server, const struct door_tls *tls,
	       struct ztp_error *error)
{
	struct door made = {.tls = *tls};
	int listening = fcntl(server->listening, F_DUPFD_CLOEXEC, 0);

	if (listening >= 0)
		made.daemon = start(server, listening, &made.tls);
	if (!made.daemon) {
		door_tls_clear(&made.tls);
		return ztp_fail(error, ZTP_ERR_IO,
				"libmicrohttpd does not start%s",
				tls->cert ? "; are --tls-cert and --tls-key "
					    "right?"
					  : "");
	}
	if (server->doors[DOOR_LISTENS].daemon) {
		server->doors[DOOR_RETIRES] = server->doors[DOOR_LISTENS];
		quiesce(&server->doors[DOOR_RETIRES]);
	}
	server->doors[DOOR_LISTENS] = made;
	return 0;
}

int door_fd(const struct server *server, int door)
{
	struct MHD_Daemon *daemon = server->doors[door].daemon;
	const union MHD_DaemonInfo *info =
		daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)
		       : NULL;

	return info ? info->epoll_fd : -1;
}

int64_t door_wait_ms(const struct server *server)
{
	int64_t first = -1;

	if (server->moved)
		return 0;
	for (int i = 0; i < DOORS; i++) {
		struct MHD_Daemon *daemon = server->doors[i].daemon;
		MHD_UNSIGNED_LONG_LONG ms;

		if (!daemon || MHD_get_timeout(daemon, &ms) != MHD_YES)
			continue;
		if (ms > 1000)
			ms = 1000;
		if (first < 0 || (int64_t)ms < first)
			first = (int64_t)ms;
	}
	return first;
}

static bool has_clients(const struct door *door)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(
		door->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return !info || info->num_connections > 0;
}

/* It runs again after connections have come or gone: at its limit
 * libmicrohttpd listens anew only in the run after the one that freed some. */
void door_run(struct server *server)
{
	struct door *retires = &server->doors[DOOR_RETIRES];
	int i = 0;

	do {
		server->moved = false;
		for (int j = 0; j < DOORS; j++)
			if (server->doors[j].daemon)
				(void)MHD_run(server->doors[j].daemon);
	} while (server->moved && ++i < RUNS_MAX);
	if (retires->daemon && !has_clients(retires))
		stop(retires);
}

void door_stop(struct server *server)
{
	if (server->doors[DOOR_LISTENS].daemon)
		quiesce(&server->doors[DOOR_LISTENS]);
	for (int i = 0; i < DOORS; i++)
		stop(&server->doors[i]);
}
