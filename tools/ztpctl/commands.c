/* The commands of ztpctl, and how each is called. */
#include "tools/ztpctl/commands.h"

#include <string.h>

#include "ztp/gate_protocol.h"

static const char common[] =
	"usage: ztpctl [--context NAME] [--url URL] [--username NAME]\n"
	"              [--password-file FILE] [--ca FILE] [--json] COMMAND\n";
static const char notes[] =
	"  --version | --help, also after a command\n"
	"URL is " ZTP_MQTT_SCHEME "HOST:PORT (default " ZTP_MQTT_URL
	") or " ZTP_MQTTS_SCHEME "\n"
	"What is not given comes from ZTPCTL_CONTEXT, ZTPCTL_URL,\n"
	"ZTPCTL_USERNAME, ZTPCTL_PASSWORD_FILE, ZTPCTL_CA and ZTPCTL_BROKERS,\n"
	"then from ~/.config/ztpctl. AGO is 90s, 15m, 12h, 30d, 2w or a "
	"time.\n";

#define OF_REGISTRY                                                            \
	.usage = "S/R", .min = 1, .max = 1, .first = ZTP_CTL_REGISTRY
#define OF_PATH	    .usage = "PATH", .min = 1, .max = 1, .first = ZTP_CTL_PATH
#define KAFKA_USAGE "[--topic T] [-X NAME=VALUE]... [--properties FILE]"

static const struct ztp_ctl_command table[] = {
	{.words = {"registry", "create"},
	 .usage = "S/R [--onboarding direct|custom|off] [--audience A] "
		  "[--ca FILE]...",
	 .min = 1,
	 .max = 1,
	 .first = ZTP_CTL_REGISTRY,
	 .options = ZTP_CTL_ONBOARDING | ZTP_CTL_AUDIENCE | ZTP_CTL_CAS,
	 .run = ztp_ctl_registry_create},
	{.words = {"registry", "list"},
	 .usage = "",
	 .run = ztp_ctl_registry_list},
	{.words = {"registry", "show"},
	 OF_REGISTRY,
	 .run = ztp_ctl_registry_show},
	{.words = {"registry", "modify"},
	 .usage = "S/R [--onboarding direct|custom|off] [--audience A]",
	 .min = 1,
	 .max = 1,
	 .first = ZTP_CTL_REGISTRY,
	 .options = ZTP_CTL_ONBOARDING | ZTP_CTL_AUDIENCE,
	 .run = ztp_ctl_registry_modify},
	{.words = {"registry", "delete"},
	 .usage = "S/R [--yes]",
	 .min = 1,
	 .max = 1,
	 .first = ZTP_CTL_REGISTRY,
	 .options = ZTP_CTL_YES,
	 .run = ztp_ctl_registry_delete},
	{.words = {"registry", "export"},
	 OF_REGISTRY,
	 .run = ztp_ctl_registry_export},
	{.words = {"registry", "import"},
	 .usage = "FILE",
	 .min = 1,
	 .max = 1,
	 .alone = true,
	 .run = ztp_ctl_registry_import},
	{.words = {"registry", "ca", "add"},
	 .usage = "S/R FILE",
	 .min = 2,
	 .max = 2,
	 .first = ZTP_CTL_REGISTRY,
	 .file_is_last = true,
	 .run = ztp_ctl_ca_add},
	{.words = {"registry", "ca", "list"},
	 OF_REGISTRY,
	 .run = ztp_ctl_ca_list},
	{.words = {"registry", "ca", "remove"},
	 .usage = "S/R FINGERPRINT|PREFIX|FILE [--yes]",
	 .min = 2,
	 .max = 2,
	 .first = ZTP_CTL_REGISTRY,
	 .options = ZTP_CTL_YES,
	 .file_is_last = true,
	 .run = ztp_ctl_ca_remove},
	{.words = {"device", "list"},
	 .usage = "[S/R] [--state active|blocked] [--ca FINGERPRINT|FILE] "
		  "[--older-than AGO]",
	 .max = 1,
	 .first = ZTP_CTL_REGISTRY,
	 .options = ZTP_CTL_STATE | ZTP_CTL_ONLY_CA | ZTP_CTL_OLDER_THAN,
	 .run = ztp_ctl_device_list},
	{.words = {"device", "show"}, OF_PATH, .run = ztp_ctl_device_show},
	{.words = {"device", "delete"}, OF_PATH, .run = ztp_ctl_device_delete},
	{.words = {"device", "block"}, OF_PATH, .run = ztp_ctl_device_block},
	{.words = {"device", "unblock"},
	 OF_PATH,
	 .run = ztp_ctl_device_unblock},
	{.words = {"device", "resend"}, OF_PATH, .run = ztp_ctl_device_resend},
	{.words = {"pending", "list"},
	 .usage = "[S/R]",
	 .max = 1,
	 .first = ZTP_CTL_REGISTRY,
	 .run = ztp_ctl_pending_list},
	{.words = {"pending", "reject"},
	 .usage = "PATH|ID [--retry-after SECONDS]",
	 .min = 1,
	 .max = 1,
	 .first = ZTP_CTL_CANDIDATE,
	 .options = ZTP_CTL_RETRY_AFTER,
	 .run = ztp_ctl_pending_reject},
	{.words = {"audit", "tail"},
	 .usage = "[--count N]",
	 .options = ZTP_CTL_COUNT,
	 .told = true,
	 .run = ztp_ctl_audit_tail},
	{.words = {"audit", "list"},
	 .usage = "--brokers B [--device PATH] [--code CODE] [--since AGO] "
		  "[--count N] " KAFKA_USAGE,
	 .options = ZTP_CTL_COUNT | ZTP_CTL_KAFKA | ZTP_CTL_AUDIT,
	 .alone = true,
	 .told = true,
	 .run = ztp_ctl_audit_list},
	{.words = {"doctor"},
	 .usage = "[--broker-config FILE] [--bridge URL]",
	 .options = ZTP_CTL_BROKER_CONFIG,
	 .alone = true,
	 .run = ztp_ctl_doctor},
};

#define COMMANDS (sizeof(table) / sizeof(*table))

/* Does the command begin with these words? */
static bool begins(const struct ztp_ctl_command *command,
		   const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (i == 3 || !command->words[i] ||
		    strcmp(command->words[i], words[i]) != 0)
			return false;
	return true;
}

int ztp_ctl_words_known(const char *const *words, int count)
{
	int known = 0;

	for (size_t i = 0; i < COMMANDS; i++)
		while (known < count && known < 3 &&
		       begins(&table[i], words, known + 1))
			known++;
	return known;
}

const struct ztp_ctl_command *ztp_ctl_command(const char *const *words,
					      int count, int *used)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		int n = 0;

		while (n < 3 && table[i].words[n])
			n++;
		if (n > count || !begins(&table[i], words, n))
			continue;
		*used = n;
		return &table[i];
	}
	return NULL;
}

/* --- texts */

static void print_command(FILE *to, const char *before,
			  const struct ztp_ctl_command *command)
{
	fputs(before, to);
	for (int i = 0; i < 3 && command->words[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", command->words[i]);
	fprintf(to, "%s%s\n", *command->usage ? " " : "", command->usage);
}

void ztp_ctl_print_usage(FILE *to, const char *const *words, int count)
{
	const char *before = "usage: ztpctl ";

	if (count == 0)
		fputs(common, to);
	for (size_t i = 0; count > 0 && i < COMMANDS; i++) {
		if (!begins(&table[i], words, count))
			continue;
		print_command(to, before, &table[i]);
		before = "       ztpctl ";
	}
}

void ztp_ctl_print_help(void)
{
	fputs(common, stdout);
	for (size_t i = 0; i < COMMANDS; i++)
		print_command(stdout, "  ", &table[i]);
	fputs(notes, stdout);
}

void ztp_ctl_print_next(FILE *to, const char *const *words, int known)
{
	const char *last = "";

	fprintf(to, "usage: ztpctl");
	for (int i = 0; i < known; i++)
		fprintf(to, " %s", words[i]);
	for (size_t i = 0; i < COMMANDS; i++) {
		const char *next = known < 3 ? table[i].words[known] : NULL;

		if (!next || !begins(&table[i], words, known) ||
		    strcmp(last, next) == 0)
			continue;
		fprintf(to, "%s%s", *last ? "|" : " ", next);
		last = next;
	}
	fprintf(to, " ... (see --help)\n");
}
