#include "tools/approver/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/approver/files.h"
#include "tools/approver/help.h"
#include "tools/approver/options_key.h"
#include "tools/approver/sample.h"
#include "tools/common/cli.h"

#define RUN    COMMAND_RUN
#define WATCH  COMMAND_WATCH
#define DECIDE COMMAND_DECIDE
#define TEST   COMMAND_TEST
#define PLAY   COMMAND_SIMULATE
#define SERVE  COMMAND_SERVE
#define KAFKA  (RUN | WATCH | DECIDE | PLAY | SERVE)
#define ANSWER (RUN | DECIDE | TEST)
#define ALL    (KAFKA | TEST)

/* Which command takes which option; in the order of enum key. */
static const int allowed[] = {
	[KEY_BROKERS - KEY_FIRST] = KAFKA,
	[KEY_GROUP - KEY_FIRST] = KAFKA,
	[KEY_PROPERTIES - KEY_FIRST] = KAFKA,
	[KEY_REQUESTS - KEY_FIRST] = ALL,
	[KEY_DECISIONS - KEY_FIRST] = KAFKA,
	[KEY_RESULTS - KEY_FIRST] = KAFKA,
	[KEY_RULES - KEY_FIRST] = RUN | TEST,
	[KEY_APPROVE_ALL - KEY_FIRST] = RUN | TEST,
	[KEY_REJECT_ALL - KEY_FIRST] = RUN | TEST,
	[KEY_APPROVE - KEY_FIRST] = DECIDE,
	[KEY_REJECT - KEY_FIRST] = DECIDE,
	[KEY_PAYLOAD - KEY_FIRST] = ANSWER,
	[KEY_CONTENT_TYPE - KEY_FIRST] = ANSWER,
	[KEY_FORMAT - KEY_FIRST] = ANSWER,
	[KEY_REASON - KEY_FIRST] = ANSWER,
	[KEY_MESSAGE - KEY_FIRST] = ANSWER,
	[KEY_DECIDED_BY - KEY_FIRST] = ANSWER,
	[KEY_DELAY - KEY_FIRST] = RUN,
	[KEY_COUNT - KEY_FIRST] = RUN | WATCH | PLAY,
	[KEY_DEVICE - KEY_FIRST] = DECIDE,
	[KEY_FINGERPRINT - KEY_FIRST] = DECIDE,
	[KEY_TIMEOUT - KEY_FIRST] = DECIDE,
	[KEY_NO_WAIT - KEY_FIRST] = DECIDE,
	[KEY_JSON - KEY_FIRST] = WATCH,
	[KEY_FROM_BEGINNING - KEY_FIRST] = WATCH,
	[KEY_FROM - KEY_FIRST] = RUN,
	[KEY_DRY_RUN - KEY_FIRST] = RUN | DECIDE,
	[KEY_ALL - KEY_FIRST] = DECIDE,
	[KEY_MATCH - KEY_FIRST] = DECIDE,
	[KEY_EXPIRE - KEY_FIRST] = PLAY,
	[KEY_REGISTRY - KEY_FIRST] = PLAY,
	[KEY_FINGERPRINTS - KEY_FIRST] = PLAY,
	[KEY_DLQ - KEY_FIRST] = PLAY,
	[KEY_LISTEN - KEY_FIRST] = SERVE,
	[KEY_TOKENS - KEY_FIRST] = SERVE,
	[KEY_TLS_CERT - KEY_FIRST] = SERVE,
	[KEY_TLS_KEY - KEY_FIRST] = SERVE,
	[KEY_CLIENT_CA - KEY_FIRST] = SERVE,
	[KEY_BEHIND_PROXY - KEY_FIRST] = SERVE,
	[KEY_HELP - KEY_FIRST] = ALL,
	[KEY_VERSION - KEY_FIRST] = ALL,
};

/* In the order of enum key. */
static const struct option table[] = {
	{"brokers", required_argument, NULL, KEY_BROKERS},
	{"group", required_argument, NULL, KEY_GROUP},
	{"properties", required_argument, NULL, KEY_PROPERTIES},
	{"requests", required_argument, NULL, KEY_REQUESTS},
	{"decisions", required_argument, NULL, KEY_DECISIONS},
	{"results", required_argument, NULL, KEY_RESULTS},
	{"rules", required_argument, NULL, KEY_RULES},
	{APPROVE_ALL, no_argument, NULL, KEY_APPROVE_ALL},
	{REJECT_ALL, no_argument, NULL, KEY_REJECT_ALL},
	{"approve", no_argument, NULL, KEY_APPROVE},
	{"reject", no_argument, NULL, KEY_REJECT},
	{"payload", required_argument, NULL, KEY_PAYLOAD},
	{"content-type", required_argument, NULL, KEY_CONTENT_TYPE},
	{"format", required_argument, NULL, KEY_FORMAT},
	{"reason", required_argument, NULL, KEY_REASON},
	{"message", required_argument, NULL, KEY_MESSAGE},
	{"decided-by", required_argument, NULL, KEY_DECIDED_BY},
	{"delay", required_argument, NULL, KEY_DELAY},
	{"count", required_argument, NULL, KEY_COUNT},
	{"device", required_argument, NULL, KEY_DEVICE},
	{"fingerprint", required_argument, NULL, KEY_FINGERPRINT},
	{"timeout", required_argument, NULL, KEY_TIMEOUT},
	{"no-wait", no_argument, NULL, KEY_NO_WAIT},
	{"json", no_argument, NULL, KEY_JSON},
	{"from-beginning", no_argument, NULL, KEY_FROM_BEGINNING},
	{"from", required_argument, NULL, KEY_FROM},
	{"dry-run", no_argument, NULL, KEY_DRY_RUN},
	{"all", no_argument, NULL, KEY_ALL},
	{"match", required_argument, NULL, KEY_MATCH},
	{"expire", required_argument, NULL, KEY_EXPIRE},
	{"registry", required_argument, NULL, KEY_REGISTRY},
	{"fingerprints", required_argument, NULL, KEY_FINGERPRINTS},
	{"dlq", required_argument, NULL, KEY_DLQ},
	{"listen", required_argument, NULL, KEY_LISTEN},
	{"tokens", required_argument, NULL, KEY_TOKENS},
	{"tls-cert", required_argument, NULL, KEY_TLS_CERT},
	{"tls-key", required_argument, NULL, KEY_TLS_KEY},
	{"client-ca", required_argument, NULL, KEY_CLIENT_CA},
	{"behind-proxy", no_argument, NULL, KEY_BEHIND_PROXY},
	{"help", no_argument, NULL, KEY_HELP},
	{"version", no_argument, NULL, KEY_VERSION},
	{NULL, 0, NULL, 0},
};

/* The exit code plus one, as the functions here return it. */
#define USAGE(...) (1 + ztp_cli_usage(PROGRAM, __VA_ARGS__))

static int failed(const struct ztp_error *error)
{
	ztp_cli_warn(PROGRAM, "%s", error->message);
	return 1 + ZTP_EXIT_USAGE;
}

/* --- all options */

static int bad_value(int key, const char *value)
{
	char range[ZTP_CLI_RANGE_MAX] = "";
	int64_t min, max;

	if (options_range(key, &min, &max))
		ztp_cli_range(range, min, max);
	return USAGE("--%s: bad value: %.100s%s", table[key - KEY_FIRST].name,
		     key == KEY_BROKERS ? ztp_cli_shown(value) : value,
		     *range ? range : options_wanted(key));
}

static int read_all(struct options *options, int argc, char **argv)
{
	struct ztp_error error;
	int key, rc;

	opterr = 0;
	while ((key = getopt_long(argc, argv, ":X:h", table, NULL)) != -1) {
		if (key == '?' || key == ':')
			return 1 + ztp_cli_bad_option(PROGRAM, key, argv);
		if (key == KEY_HELP || key == 'h') {
			fputs(help_text, stdout);
			return 1 + ZTP_EXIT_OK;
		}
		if (key == KEY_VERSION) {
			puts(PROGRAM " " ZTP_VERSION);
			return 1 + ZTP_EXIT_OK;
		}
		if (key == 'X' || key == KEY_PROPERTIES) {
			rc = key == 'X' ? ztp_kafka_props_add(&options->props,
							      optarg, &error)
					: ztp_kafka_props_load(&options->props,
							       optarg, &error);
			if (rc)
				return failed(&error);
			continue;
		}
		if (!(allowed[key - KEY_FIRST] & options->command))
			return USAGE("--%s is not an option of this command",
				     table[key - KEY_FIRST].name);
		if (!options_set(options, key, optarg))
			return bad_value(key, optarg);
	}
	return 0;
}

/* The remaining arguments: decide takes one, the others take none. */
static int read_words(struct options *options, int argc, char **argv)
{
	if (options->command == COMMAND_DECIDE && !options->all) {
		if (optind == argc)
			return USAGE("REQUEST_ID is missing");
		options->request_id = argv[optind++];
		if (!ztp_request_id_valid(options->request_id,
					  strlen(options->request_id)))
			return USAGE("not a request id: %s",
				     options->request_id);
	}
	if (optind != argc)
		return USAGE("unexpected argument: %s", argv[optind]);
	return 0;
}

static int check_serve(const struct serve_settings *serve)
{
	if (!serve->tls_cert != !serve->tls_key)
		return USAGE("--tls-cert and --tls-key need each other");
	if (serve->client_ca && !serve->tls_cert)
		return USAGE("--client-ca needs --tls-cert");
	if (serve->client_ca && !serve->tokens_file)
		return USAGE("--client-ca needs --tokens, which says what each "
			     "certificate may");
	return 0;
}

/* What one command writes to a topic, another one would read there as something
 * else. */
static int check_topics(const struct options *options)
{
	const struct {
		const char *name, *topic;
	} topics[] = {{"requests", options->requests},
		      {"decisions", options->decisions},
		      {"results", options->results},
		      {"dlq", options->dlq}};
	size_t count = options->command == COMMAND_SIMULATE ? 4 : 3;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(topics[i].topic, topics[k].topic) == 0)
				return USAGE("--%s and --%s are the same "
					     "topic: %s",
					     topics[k].name, topics[i].name,
					     topics[i].topic);
	return 0;
}

static int check(const struct options *options)
{
	bool decide = options->command == COMMAND_DECIDE;

	if (options->command == COMMAND_WATCH)
		return 0;
	if (options->command == COMMAND_SERVE)
		return check_serve(&options->serve);
	if (options->command == COMMAND_SIMULATE && !options->count)
		return USAGE("--count N is missing");
	if (options->command == COMMAND_SIMULATE)
		return options->count <= SAMPLES_MAX
			       ? 0
			       : USAGE("--count is more than %d", SAMPLES_MAX);
	if (decide && options->all != (options->match != NULL))
		return USAGE("--all and --match RULES need each other");
	if (decide && !options->all && options->dry_run)
		return USAGE("--dry-run of decide needs --all");
	if (options->all && options->device)
		return USAGE("only one of --all and --device");
	if (options->by == BY_NOTHING)
		return USAGE("%s", decide ? "--approve or --reject is missing"
					  : "--rules FILE, --approve-all or "
					    "--reject-all is missing");
	if (options->contradicts)
		return USAGE("only one of %s",
			     decide ? "--approve and --reject"
				    : "--rules, --approve-all and "
				      "--reject-all");
	if (options->by == BY_RULES && (options->reason || options->message))
		return USAGE(
			"--reason and --message are not allowed with --rules");
	if (options->fingerprint[0] && !options->device)
		return USAGE("--fingerprint needs --device");
	if (options->content_type && !options->payload_file)
		return USAGE("--content-type needs --payload");
	if (options->format == ZTP_ANSWER_OMNICORE &&
	    (options->reason || options->message))
		return USAGE("--format omnicore carries neither --reason nor "
			     "--message");
	return 0;
}

static int read_command(struct options *options, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum command command;
	} commands[] = {{"run", RUN},	{"watch", WATCH},   {"decide", DECIDE},
			{"test", TEST}, {"simulate", PLAY}, {"serve", SERVE}};

#define COMMANDS (sizeof(commands) / sizeof(*commands))
	if (argc > 1 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help_text, stdout);
		return 1 + ZTP_EXIT_OK;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts(PROGRAM " " ZTP_VERSION);
		return 1 + ZTP_EXIT_OK;
	}
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			options->command = commands[i].command;
			return 0;
		}
	if (argc > 1)
		return USAGE("unknown command: %s", argv[1]);
	return USAGE("run, watch, decide, test, simulate or serve is missing");
}

int options_read(struct options *options, int argc, char **argv)
{
	struct ztp_error error;
	int done;

	*options = (struct options){
		.brokers = ZTP_KAFKA_BROKERS,
		.group = PROGRAM,
		.requests = ZTP_TOPIC(requests),
		.decisions = ZTP_TOPIC(decisions),
		.results = ZTP_TOPIC(results),
		.dlq = ZTP_TOPIC(dlq),
		.decided_by = PROGRAM,
		.timeout_s = 30,
		.expire_s = 3600,
		.serve = {.listen = SERVE_LISTEN},
	};
	done = read_command(options, argc, argv);
	if (!done)
		done = read_all(options, argc - 1, argv + 1);
	if (!done)
		done = read_words(options, argc - 1, argv + 1);
	if (!done)
		done = check_topics(options);
	if (!done)
		done = check(options);
	if (!done && files_read(options, &error))
		done = failed(&error);
	return done;
}

void options_clear(struct options *options)
{
	ztp_kafka_props_clear(&options->props);
	ztp_rules_clear(&options->rules);
	ztp_attachment_clear(&options->payload);
	free(options->fingerprints.items);
}
