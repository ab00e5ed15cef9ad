/*
 * --ca is the broker's CA. After `registry create` it is a CA of the new
 * registry and may be repeated; after `device list` it says which devices.
 */
#include "tools/ztpctl/command_line.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tools/common/cli.h"
#include "tools/ztpctl/ago.h"
#include "tools/ztpctl/values.h"
#include "ztp/gate_protocol.h"
#include "ztp/text.h"

#define WORDS_MAX  8
#define AGO_WANTED ": neither like 90m, 6h, 2d or 1w, nor a time in UTC"

struct line {
	struct ztp_ctl *ctl;
	const char *words[WORDS_MAX];
	int count;
	uint32_t given; /* options, by their place in the table */
};

/* --- options */

enum kind { TEXT, NUMBER, AGO, FLAG, CA, PROPERTY, PROPERTIES };

struct option {
	const char *name;
	unsigned of; /* which commands have it; 0: all */
	enum kind kind;
	size_t offset; /* in struct ztp_ctl */
	int64_t min, max;
};

#define AT(member) offsetof(struct ztp_ctl, member)

static const struct option options[] = {
	{"--url", 0, TEXT, AT(broker.url), 0, 0},
	{"--username", 0, TEXT, AT(broker.username), 0, 0},
	{"--password-file", 0, TEXT, AT(password_file), 0, 0},
	{"--context", 0, TEXT, AT(context), 0, 0},
	{"--ca", 0, CA, 0, 0, 0},
	{"--json", 0, FLAG, AT(json), 0, 0},
	{"--yes", ZTP_CTL_YES, FLAG, AT(yes), 0, 0},
	{"--onboarding", ZTP_CTL_ONBOARDING, TEXT, AT(onboarding), 0, 0},
	{"--audience", ZTP_CTL_AUDIENCE, TEXT, AT(audience), 0, 0},
	{"--state", ZTP_CTL_STATE, TEXT, AT(state), 0, 0},
	{"--older-than", ZTP_CTL_OLDER_THAN, AGO, AT(before), 0, 0},
	{"--broker-config", ZTP_CTL_BROKER_CONFIG, TEXT, AT(broker_config), 0,
	 0},
	{"--bridge", ZTP_CTL_BROKER_CONFIG, TEXT, AT(bridge), 0, 0},
	{"--count", ZTP_CTL_COUNT, NUMBER, AT(count), 1, INT64_MAX},
	{"--retry-after", ZTP_CTL_RETRY_AFTER, NUMBER, AT(retry_after), 0,
	 ZTP_CONTROL_RETRY_MAX_S},
	{"--brokers", ZTP_CTL_KAFKA, TEXT, AT(brokers), 0, 0},
	{"--topic", ZTP_CTL_KAFKA, TEXT, AT(topic), 0, 0},
	{"-X", ZTP_CTL_KAFKA, PROPERTY, 0, 0, 0},
	{"--properties", ZTP_CTL_KAFKA, PROPERTIES, 0, 0, 0},
	{"--device", ZTP_CTL_AUDIT, TEXT, AT(device), 0, 0},
	{"--code", ZTP_CTL_AUDIT, TEXT, AT(code), 0, 0},
	{"--since", ZTP_CTL_AUDIT, AGO, AT(since), 0, 0},
};

#define OPTIONS (sizeof(options) / sizeof(*options))

/* How to call the command that the words name so far, after a message. */
static bool fail(const struct line *line)
{
	ztp_ctl_print_usage(stderr, line->words,
			    ztp_ctl_words_known(line->words, line->count));
	return false;
}

static const struct option *find_option(const char *text, size_t n)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strlen(options[i].name) == n &&
		    strncmp(options[i].name, text, n) == 0)
			return &options[i];
	return NULL;
}

static bool set_ca(struct line *line, const char *value)
{
	struct ztp_ctl *ctl = line->ctl;
	int used;
	const struct ztp_ctl_command *command =
		ztp_ctl_command(line->words, line->count, &used);
	unsigned of = command ? command->options : 0;

	if (of & ZTP_CTL_ONLY_CA) {
		ctl->ca = value;
	} else if (!(of & ZTP_CTL_CAS)) {
		ctl->broker.ca_file = value;
	} else if (ctl->ca_count == ZTP_CTL_CAS_MAX) {
		ztp_cli_warn("ztpctl",
			     "more than %d of --ca: add the others "
			     "with registry ca add",
			     ZTP_CTL_CAS_MAX);
		return false;
	} else {
		ctl->ca_files[ctl->ca_count++] = value;
	}
	return true;
}

static bool set_property(struct line *line, const struct option *option,
			 const char *value)
{
	struct ztp_kafka_props *props = &line->ctl->props;
	struct ztp_error error = {0};
	int rc = option->kind == PROPERTY
			 ? ztp_kafka_props_add(props, value, &error)
			 : ztp_kafka_props_load(props, value, &error);

	if (rc != 0)
		ztp_cli_warn("ztpctl", "%s: %s", option->name, error.message);
	return rc == 0;
}

static bool set(struct line *line, const struct option *option,
		const char *value)
{
	void *at = (char *)line->ctl + option->offset;
	char range[ZTP_CLI_RANGE_MAX] = "";
	bool ok = true;

	switch (option->kind) {
	case TEXT:
		*(const char **)at = value;
		break;
	case NUMBER:
		ok = ztp_number_parse(at, value, option->min, option->max);
		ztp_cli_range(range, option->min, option->max);
		break;
	case AGO:
		ok = ztp_ctl_ago(at, value, ztp_clock_wall());
		(void)snprintf(range, sizeof(range), "%s", AGO_WANTED);
		break;
	case CA:
		return set_ca(line, value) || fail(line);
	case PROPERTY:
	case PROPERTIES:
		return set_property(line, option, value) || fail(line);
	case FLAG:
		break;
	}
	if (!ok) {
		ztp_cli_warn("ztpctl", "%s: bad value: %.100s%s", option->name,
			     value, range);
		return fail(line);
	}
	return true;
}

/* Reads the option at argv[*at], and its value: after it, or after a '='. */
static bool take_option(struct line *line, char **argv, int *at)
{
	const char *text = argv[*at];
	size_t n =
		strncmp(text, "--", 2) == 0 ? strcspn(text, "=") : strlen(text);
	const struct option *option = find_option(text, n);
	const char *value = text[n] ? text + n + 1 : NULL;

	if (!option) {
		/* One that is guessed may have a password behind it. */
		ztp_cli_warn("ztpctl", "unknown option %.*s",
			     text[1] == '-' ? (int)(n < 100 ? n : 100) : 2,
			     text);
		return fail(line);
	}
	line->given |= UINT32_C(1) << (option - options);
	if (option->kind == FLAG && !value) {
		*(bool *)((char *)line->ctl + option->offset) = true;
		return true;
	}
	if (option->kind != FLAG && !value && argv[*at + 1])
		value = argv[++*at];
	if (option->kind == FLAG || !value) {
		ztp_cli_warn("ztpctl", "%s %s value", option->name,
			     value ? "takes no" : "needs a");
		return fail(line);
	}
	return set(line, option, value);
}

/* --- the whole line */

static bool take_all(struct line *line, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1]) {
			if (!take_option(line, argv, &i))
				return false;
		} else if (line->count == WORDS_MAX) {
			ztp_cli_warn("ztpctl", "unexpected argument: %.100s",
				     argv[i]);
			return fail(line);
		} else {
			line->words[line->count++] = argv[i];
		}
	}
	return true;
}

/* Says which word is wrong: there is no such command. */
static bool unknown(const struct line *line)
{
	int known = ztp_ctl_words_known(line->words, line->count);

	if (known < line->count)
		ztp_cli_warn("ztpctl", "unknown command: %.100s",
			     line->words[known]);
	else
		ztp_cli_warn("ztpctl", "a command is missing%s%s",
			     known ? " after " : "",
			     known ? line->words[known - 1] : "");
	ztp_ctl_print_next(stderr, line->words, known);
	return false;
}

/* An option that the command does not use is an error. */
static bool check_options(const struct line *line,
			  const struct ztp_ctl_command *command)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!(line->given & (UINT32_C(1) << i)) || !options[i].of ||
		    (command->options & options[i].of))
			continue;
		ztp_cli_warn("ztpctl", "%s is not an option of this command",
			     options[i].name);
		return fail(line);
	}
	return true;
}

static bool take_arguments(struct line *line,
			   const struct ztp_ctl_command *command, int used)
{
	int left = line->count - used;

	if (left > command->max) {
		ztp_cli_warn("ztpctl", "unexpected argument: %.100s",
			     line->words[used + command->max]);
		return fail(line);
	}
	if (left < command->min) {
		ztp_cli_warn("ztpctl", "an argument is missing");
		return fail(line);
	}
	for (int i = 0; i < left; i++)
		line->ctl->arguments[i] = line->words[used + i];
	return true;
}

/* For help, wherever it stands. */
static bool is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* Helps with the words before --help. */
static void help(struct line *line, char **argv)
{
	int known;

	for (int i = 1; argv[i] && argv[i][0] != '-' && i <= WORDS_MAX; i++)
		line->words[line->count++] = argv[i];
	known = ztp_ctl_words_known(line->words, line->count);
	if (known > 0)
		ztp_ctl_print_usage(stdout, line->words, known);
	else
		ztp_ctl_print_help();
}

const struct ztp_ctl_command *
ztp_ctl_command_line(struct ztp_ctl *ctl, int argc, char **argv, int *status)
{
	struct line line = {.ctl = ctl};
	const struct ztp_ctl_command *command;
	int used = 0;

	*status = ZTP_EXIT_OK;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("ztpctl " ZTP_VERSION);
		return NULL;
	}
	if (is_asked(argc, argv)) {
		help(&line, argv);
		return NULL;
	}
	*status = ZTP_EXIT_USAGE;
	if (!take_all(&line, argc, argv))
		return NULL;
	command = ztp_ctl_command(line.words, line.count, &used);
	if (!command) {
		(void)unknown(&line);
		return NULL;
	}
	if (!check_options(&line, command) ||
	    !take_arguments(&line, command, used) ||
	    !ztp_ctl_check_values(ctl, command))
		return NULL;
	return command;
}
