/*
 * ztpctl - the operator's tool for the gate. Exit status: 0 done, 1 refused or
 * not found (doctor: something is wrong), 2 usage.
 *
 * --ca is the broker's CA; after `registry create` it is a CA of the new
 * registry, and may be repeated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/stdio.h"
#include "tools/common/cert_file.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"
#include "ztp/codec.h"
#include "ztp/gate_protocol.h"
#include "ztp/text.h"

#define PASSWORD_MAX 4096
#define TEXT_MAX     4096

static const char usage[] =
	"usage: ztpctl [--url URL] [--username NAME] [--password-file FILE]\n"
	"              [--ca FILE] [--json] COMMAND\n"
	"  registry create S/R [--onboarding direct|custom|off]\n"
	"                      [--audience A] [--ca FILE]...\n"
	"  registry modify S/R [--onboarding ...] [--audience A]\n"
	"  registry list | show S/R | delete S/R\n"
	"  registry ca add S/R FILE | list S/R | remove S/R FINGERPRINT\n"
	"  device list [S/R] | show PATH | delete PATH\n"
	"  device block PATH | unblock PATH | resend PATH\n"
	"  pending list [S/R] | reject PATH|ID [--retry-after SECONDS]\n"
	"  audit tail [--count N]\n"
	"  doctor [--broker-config FILE]\n"
	"  --version | --help\n"
	"URL is " ZTP_MQTT_SCHEME "HOST:PORT (default " ZTP_MQTT_URL
	") or " ZTP_MQTTS_SCHEME ".\n";

static const struct {
	const char *words[3];
	int min, max; /* arguments */
	bool cas;     /* --ca is the registry's */
	ztp_ctl_fn *run;
} table[] = {
	{{"registry", "create"}, 1, 1, true, ztp_ctl_registry_create},
	{{"registry", "list"}, 0, 0, false, ztp_ctl_registry_list},
	{{"registry", "show"}, 1, 1, false, ztp_ctl_registry_show},
	{{"registry", "modify"}, 1, 1, false, ztp_ctl_registry_modify},
	{{"registry", "delete"}, 1, 1, false, ztp_ctl_registry_delete},
	{{"registry", "ca", "add"}, 2, 2, false, ztp_ctl_ca_add},
	{{"registry", "ca", "list"}, 1, 1, false, ztp_ctl_ca_list},
	{{"registry", "ca", "remove"}, 2, 2, false, ztp_ctl_ca_remove},
	{{"device", "list"}, 0, 1, false, ztp_ctl_device_list},
	{{"device", "show"}, 1, 1, false, ztp_ctl_device_show},
	{{"device", "delete"}, 1, 1, false, ztp_ctl_device_delete},
	{{"device", "block"}, 1, 1, false, ztp_ctl_device_block},
	{{"device", "unblock"}, 1, 1, false, ztp_ctl_device_unblock},
	{{"device", "resend"}, 1, 1, false, ztp_ctl_device_resend},
	{{"pending", "list"}, 0, 1, false, ztp_ctl_pending_list},
	{{"pending", "reject"}, 1, 1, false, ztp_ctl_pending_reject},
	{{"audit", "tail"}, 0, 0, false, ztp_ctl_audit_tail},
	{{"doctor"}, 0, 0, false, ztp_ctl_doctor},
};

#define COMMANDS (sizeof(table) / sizeof(*table))

struct command_line {
	struct ztp_ctl *ctl;
	const char *words[8];
	int count;
};

/* The row that the first words name; COMMANDS if there is none. */
static size_t find(const char *const *words, int count, int *used)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		int n = 0;

		while (n < 3 && table[i].words[n] && n < count &&
		       strcmp(table[i].words[n], words[n]) == 0)
			n++;
		if (n < 3 && table[i].words[n])
			continue;
		*used = n;
		return i;
	}
	return COMMANDS;
}

static bool set_ca(struct command_line *line, const char *value)
{
	struct ztp_ctl *ctl = line->ctl;
	int used;
	size_t row = find(line->words, line->count, &used);

	if (row == COMMANDS || !table[row].cas) {
		ctl->broker.ca_file = value;
		return true;
	}
	if (ctl->ca_count == ZTP_CTL_CAS_MAX)
		return false;
	ctl->ca_files[ctl->ca_count++] = value;
	return true;
}

static bool set_option(struct command_line *line, const char *name,
		       const char *value)
{
	struct ztp_ctl *ctl = line->ctl;

	if (strcmp(name, "--url") == 0)
		ctl->broker.url = value;
	else if (strcmp(name, "--username") == 0)
		ctl->broker.username = value;
	else if (strcmp(name, "--password-file") == 0)
		ctl->password_file = value;
	else if (strcmp(name, "--onboarding") == 0)
		ctl->onboarding = value;
	else if (strcmp(name, "--audience") == 0)
		ctl->audience = value;
	else if (strcmp(name, "--broker-config") == 0)
		ctl->broker_config = value;
	else if (strcmp(name, "--count") == 0)
		return ztp_number_parse(&ctl->count, value, 1, INT64_MAX);
	else if (strcmp(name, "--retry-after") == 0)
		return ztp_number_parse(&ctl->retry_after, value, 0,
					ZTP_CONTROL_RETRY_MAX_S);
	else if (strcmp(name, "--ca") == 0)
		return set_ca(line, value);
	else
		return false;
	return true;
}

static bool parse(struct command_line *line, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			line->ctl->json = true;
		} else if (strncmp(argv[i], "--", 2) == 0) {
			if (i + 1 == argc ||
			    !set_option(line, argv[i], argv[i + 1]))
				return false;
			i++;
		} else {
			if (line->count == 8)
				return false;
			line->words[line->count++] = argv[i];
		}
	}
	return true;
}

/* An option that the command does not use is an error. */
static bool fits(const struct ztp_ctl *ctl, size_t row)
{
	bool settings = table[row].run == ztp_ctl_registry_create ||
			table[row].run == ztp_ctl_registry_modify;

	if ((ctl->onboarding || ctl->audience) && !settings)
		return false;
	if (ctl->broker_config && table[row].run != ztp_ctl_doctor)
		return false;
	if (ctl->retry_after >= 0 && table[row].run != ztp_ctl_pending_reject)
		return false;
	return !ctl->count || table[row].run == ztp_ctl_audit_tail;
}

static ztp_ctl_fn *choose(struct command_line *line)
{
	int used = 0, left;
	size_t row = find(line->words, line->count, &used);

	if (row == COMMANDS)
		return NULL;
	left = line->count - used;
	if (left < table[row].min || left > table[row].max ||
	    !fits(line->ctl, row))
		return NULL;
	for (int i = 0; i < left; i++)
		line->ctl->arguments[i] = line->words[used + i];
	return table[row].run;
}

/* What goes to the broker or the gate must be UTF-8: neither would say what is
 * wrong with it. */
static bool check_texts(const struct ztp_ctl *ctl, bool file_is_last)
{
	const struct {
		const char *name, *text;
	} rows[] = {
		{"--username", ctl->broker.username},
		{"--onboarding", ctl->onboarding},
		{"--audience", ctl->audience},
		{"the first argument", ctl->arguments[0]},
		{"the second argument",
		 file_is_last ? NULL : ctl->arguments[1]},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = rows[i].text;

		if (text && (strlen(text) > TEXT_MAX ||
			     !ztp_utf8_valid(text, strlen(text)))) {
			(void)ztp_cli_usage("ztpctl",
					    "%s is not UTF-8 or is longer than "
					    "%d bytes",
					    rows[i].name, TEXT_MAX);
			return false;
		}
	}
	return true;
}

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

static int run(struct ztp_ctl *ctl, ztp_ctl_fn *command)
{
	struct ztp_error error = {0};
	char *password = NULL;
	int status = ZTP_EXIT_FAILED;

	if (read_files(ctl, &password, &error) != 0 ||
	    (command != ztp_ctl_doctor && /* which reports it as a finding */
	     ztp_client_open(&ctl->client, &ctl->broker, &error) != 0)) {
		ztp_cli_warn("ztpctl", "%s", error.message);
		goto out;
	}
	status = command(ctl);
	ztp_client_close(ctl->client);
out:
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	for (int i = 0; i < ctl->ca_count; i++)
		free(ctl->pems[i]);
	if (fflush(stdout) != 0 && status == ZTP_EXIT_OK)
		status = ZTP_EXIT_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	struct ztp_ctl ctl = {.broker.url = ZTP_MQTT_URL, .retry_after = -1};
	struct command_line line = {.ctl = &ctl};
	ztp_ctl_fn *command;

	if (!ztp_stdio_prepare())
		return ZTP_EXIT_FAILED;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("ztpctl " ZTP_VERSION);
		return ZTP_EXIT_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return ZTP_EXIT_OK;
	}
	if (!parse(&line, argc, argv) ||
	    !ztp_cli_is_url(ctl.broker.url, NULL) ||
	    !(command = choose(&line))) {
		fputs(usage, stderr);
		return ZTP_EXIT_USAGE;
	}
	if (command == ztp_ctl_ca_add)
		ctl.ca_files[ctl.ca_count++] = ctl.arguments[1];
	if (!check_texts(&ctl, command == ztp_ctl_ca_add))
		return ZTP_EXIT_USAGE;
	if (!ztp_cli_catch_signals()) {
		ztp_cli_warn("ztpctl", "cannot block signals");
		return ZTP_EXIT_FAILED;
	}
	return run(&ctl, command);
}
