/* ztp-bridge: dispatches the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/proxy.h"
#include "base/stdio.h"
#include "bridge/cli.h"
#include "bridge/config/config_files.h"
#include "bridge/getaddrinfo.h"
#include "bridge/group/group.h"
#include "bridge/kafka/kafka_check.h"
#include "bridge/loop/loop.h"
#include "bridge/move/move.h"
#include "bridge/store/store.h"
#include "bridge/store/store_move.h"

#define EXIT_FAILED 1

struct reloading {
	const struct cli *cli;
	struct config *running;
	struct log *log;
};

/* SIGHUP: the log level and mqtt.tls take effect. The loop reconnects, and the
 * new connections read the TLS files again. */
static bool reload(void *arg)
{
	struct reloading *r = arg;
	struct config *loaded = NULL;
	struct ztp_error error = {0};
	char names[1024];
	bool some;
	int line = 0;

	/* Connections are made anew with the files, and the good ones are lost:
	 * so a certificate without its key is refused before that. */
	if (config_load(&loaded, r->cli->config, &line, &error) != 0 ||
	    config_check_files(loaded, &line, &error) != 0) {
		config_free(loaded);
		log_error(r->log, "reload_failed",
			  LOG_STR("file", r->cli->config),
			  LOG_INT("line", line), LOG_WHY(&error));
		return false;
	}
	some = config_needs_restart(names, sizeof(names), r->running, loaded);
	config_take_reloadable(r->running, loaded);
	log_set_level(r->log, r->running->log.level);
	log_info(r->log, "reloaded",
		 LOG_STR("needs_restart", some ? names : NULL));
	config_free(loaded);
	return true;
}

static int forget(const struct config *config, const char *path)
{
	struct ztp_error error = {0};
	struct store *store = NULL;
	int count = -1, rc;

	rc = store_open(&store, config->store.path,
			config->store.sync == CONFIG_SYNC_FULL, &error);
	if (rc == 0)
		rc = store_refuse_copy(store, &error);
	if (rc == 0) {
		count = store_forget(store, path, &error);
		if (count >= 0)
			rc = store_commit(store, 0, &error);
	}
	store_close(store);
	if (rc != 0 || count < 0) {
		fprintf(stderr, "ztp-bridge: %s\n", error.message);
		return EXIT_FAILED;
	}
	printf("%s: %d request%s forgotten\n", path, count,
	       count == 1 ? "" : "s");
	return 0;
}

/* Both ways are about a bridge that is one of several. */
static int move(const struct cli *cli, const struct config *config)
{
	bool to = cli->action == CLI_TO_STANDBY;

	if (!config->standby.enabled) {
		fprintf(stderr,
			"ztp-bridge: %s: standby.enabled is not true in %s\n",
			to ? "--to-standby" : "--from-standby", cli->config);
		return CLI_EXIT_USAGE;
	}
	return (to ? move_to_standby : move_from_standby)(config, stdout,
							  stderr);
}

static int check(const struct cli *cli, const struct config *config)
{
	struct ztp_error error = {0};
	int line = 1;

	if (cli->action == CLI_CHECK) {
		config_warnings(config, stderr);
		if (config_check_files(config, &line, &error) != 0 ||
		    kafka_check(config, &line, &error) != 0) {
			config_complain(stderr, cli->config, line, &error);
			return CLI_EXIT_USAGE;
		}
	}
	if (cli->print && config_print(config, stdout) != 0) {
		fprintf(stderr, "ztp-bridge: stdout: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	return 0;
}

static int run(const struct cli *cli, struct config *config)
{
	struct log log;
	struct reloading reloading = {cli, config, &log};
	struct ztp_error error = {0};
	int line = 1, code;

	/* A single bridge finds at start what librdkafka does not take. One of
	 * several makes some handles only when it is to be active. */
	if (config->standby.enabled &&
	    kafka_check(config, &line, &error) != 0) {
		config_complain(stderr, cli->config, line, &error);
		return CLI_EXIT_USAGE;
	}
	config->mqtt.names = getaddrinfo_names();
	log_init(&log, STDERR_FILENO, config->log.level, config->log.format);
	code = (config->standby.enabled ? group_run : loop_run)(
		config, &log, reload, &reloading);
	log_end(&log);
	return code;
}

int main(int argc, char **argv)
{
	struct config *config = NULL;
	struct ztp_error error = {0};
	struct cli cli;
	int line = 0, code;

	if (!ztp_stdio_prepare())
		return EXIT_FAILED;
	ztp_proxy_forget();
	code = cli_parse(&cli, argc, argv, stderr);
	if (code != 0)
		return code;
	if (cli.action == CLI_VERSION || cli.action == CLI_HELP) {
		if (cli.action == CLI_HELP)
			cli_usage(stdout);
		else
			printf("ztp-bridge %s\n", ZTP_VERSION);
		return 0;
	}
	if (config_load(&config, cli.config, &line, &error) != 0) {
		config_complain(stderr, cli.config, line, &error);
		return CLI_EXIT_USAGE;
	}
	switch (cli.action) {
	case CLI_CHECK:
	case CLI_PRINT:
		code = check(&cli, config);
		break;
	case CLI_FORGET:
		code = forget(config, cli.forget);
		break;
	case CLI_TO_STANDBY:
	case CLI_FROM_STANDBY:
		code = move(&cli, config);
		break;
	default:
		code = run(&cli, config);
	}
	config_free(config);
	return code;
}
