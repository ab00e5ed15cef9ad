/*
 * ztpctl - the operator's tool for the gate. Exit status: 0 done, 1 refused or
 * not found (doctor: something is wrong), 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/proxy.h"
#include "base/stdio.h"
#include "tools/common/cert_file.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/command_line.h"
#include "tools/ztpctl/context.h"
#include "tools/ztpctl/fingerprint.h"
#include "ztp/gate_protocol.h"

#define PASSWORD_MAX 4096

/* Reads the file's first line. */
static int read_password(struct ztp_ctl *ctl, char **password,
			 struct ztp_error *error)
{
	size_t len, line;
	int rc;

	if (!ctl->password_file)
		return 0;
	rc = ztp_file_read(password, &len, ctl->password_file, PASSWORD_MAX,
			   error);
	if (rc)
		return rc;
	line = strcspn(*password, "\r\n");
	if (line < len && (*password)[line] == '\0')
		return ztp_fail(error, ZTP_ERR_NUL,
				"%.150s contains a NUL byte",
				ctl->password_file);
	if (line == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY,
				"the first line of %.150s is empty",
				ctl->password_file);
	(*password)[line] = '\0';
	ctl->broker.password = *password;
	return 0;
}

/* All are read before the broker is asked for anything, so nothing changes if
 * one cannot be used. */
static int read_files(struct ztp_ctl *ctl, char **password,
		      struct ztp_error *error)
{
	int rc = read_password(ctl, password, error);

	if (rc == 0 && ctl->broker.ca_file)
		rc = ztp_cert_file_check_cas(ctl->broker.ca_file, error);
	for (int i = 0; rc == 0 && i < ctl->ca_count; i++)
		rc = ztp_cert_file_read(&ctl->pems[i], ctl->ca_files[i], error);
	return rc;
}

/* Whether the argument that names a CA can be one. */
static bool check_ca(const struct ztp_ctl *ctl,
		     const struct ztp_ctl_command *command)
{
	const char *text =
		command->run == ztp_ctl_ca_remove ? ctl->arguments[1] : ctl->ca;
	struct ztp_error error = {0};

	if (!text || ztp_ctl_check_ca(text, &error) == 0)
		return true;
	(void)ztp_cli_usage("ztpctl", "%s", error.message);
	return false;
}

static int run(struct ztp_ctl *ctl, const struct ztp_ctl_command *command)
{
	struct ztp_error error = {0};
	char *password = NULL;
	int status = ZTP_EXIT_USAGE;

	if (read_files(ctl, &password, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		goto out;
	}
	status = ZTP_EXIT_FAILED;
	if (!command->alone &&
	    ztp_client_open(&ctl->client, &ctl->broker, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		goto out;
	}
	status = command->run(ctl);
	ztp_client_close(ctl->client);
out:
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	for (int i = 0; i < ctl->ca_count; i++)
		free(ctl->pems[i]);
	return status;
}

/* What the command line leaves open, and whether it can be used. */
static int complete(struct ztp_ctl *ctl, struct ztp_ctl_context **context)
{
	struct ztp_error error = {0};

	if (ztp_ctl_context_load(context, ctl, &error) != 0) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		return ZTP_EXIT_USAGE;
	}
	if (!ctl->broker.url)
		ctl->broker.url = ZTP_MQTT_URL;
	if (ztp_cli_url_has_user(ctl->broker.url))
		return ztp_cli_usage("ztpctl",
				     "the URL holds a user or password: use "
				     "--username and --password-file");
	if (!ztp_cli_is_url(ctl->broker.url, NULL))
		return ztp_cli_usage("ztpctl",
				     "the URL is neither " ZTP_MQTT_SCHEME
				     "HOST:PORT nor " ZTP_MQTTS_SCHEME
				     "HOST:PORT: %.100s",
				     ctl->broker.url);
	return ZTP_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct ztp_ctl ctl = {.retry_after = -1};
	struct ztp_ctl_context *context = NULL;
	const struct ztp_ctl_command *command;
	int status;

	if (!ztp_stdio_prepare())
		return ZTP_EXIT_FAILED;
	ztp_proxy_forget();
	command = ztp_ctl_command_line(&ctl, argc, argv, &status);
	if (!command)
		goto out;
	if (command->run == ztp_ctl_ca_add)
		ctl.ca_files[ctl.ca_count++] = ctl.arguments[1];
	status = complete(&ctl, &context);
	if (status == ZTP_EXIT_OK && !check_ca(&ctl, command))
		status = ZTP_EXIT_USAGE;
	if (status != ZTP_EXIT_OK)
		goto out;
	/* All others have nothing to put in order: a signal ends them at once,
	 * whatever they wait for. */
	if (command->told && !ztp_cli_catch_signals("ztpctl")) {
		ztp_cli_warn("ztpctl", "cannot wait for signals");
		status = ZTP_EXIT_FAILED;
		goto out;
	}
	status = run(&ctl, command);
out:
	ztp_ctl_context_free(context);
	ztp_kafka_props_clear(&ctl.props);
	if (!ztp_cli_flush("ztpctl") && status == ZTP_EXIT_OK)
		status = ZTP_EXIT_FAILED;
	return status;
}
