#include "bridge/cli.h"
#include "bridge/store/store_move.h"
#include "ztp/path.h"
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

static const char usage[] =
	"usage: ztp-bridge --config FILE [--check-config] [--print-config]\n"
	"       ztp-bridge --config FILE --forget PATH\n"
	"       ztp-bridge --config FILE --to-standby | --from-standby\n"
	"       ztp-bridge --version | --help\n";

static const char help[] =
	"\n"
	"  -c, --config FILE   read the configuration from FILE\n"
	"      --check-config  check it and exit: 0 valid, 2 invalid\n"
	"      --print-config  print it with all defaults, without secrets\n"
	"      --forget PATH   remove everything stored about a device and "
	"exit\n"
	"      --to-standby    write the store of a stopped bridge to the "
	"empty\n"
	"                      topic kafka.topics.state and exit\n"
	"      --from-standby  make a single bridge's store of that topic and "
	"exit\n"
	"  -V, --version       print the version and exit\n"
	"  -h, --help          print this and exit\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check-config", no_argument, NULL, 'k'},
	{"print-config", no_argument, NULL, 'p'},
	{"forget", required_argument, NULL, 'f'},
	{STORE_TO_OPTION, no_argument, NULL, 't'},
	{STORE_FROM_OPTION, no_argument, NULL, 'F'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{0}};

/* Options without a value. */
struct cli_seen {
	bool check, to, from;
};

void cli_usage(FILE *out)
{
	(void)fprintf(out, "%s%s", usage, help);
}

__attribute__((format(printf, 2, 3))) static int refuse(FILE *err,
							const char *format, ...)
{
	va_list args;

	(void)fputs("ztp-bridge: ", err);
	va_start(args, format);
	(void)vfprintf(err, format, args);
	va_end(args);
	(void)fprintf(err, "\n%s", usage);
	return CLI_EXIT_USAGE;
}

/* Reports an error that getopt found; getopt itself has been told not to. */
static int refuse_option(FILE *err, int found, char **argv)
{
	const char *what = argv[optind > 0 ? optind - 1 : 0];
	/* What stands behind the sign may be a password. */
	int name = (int)strcspn(what, "=");

	if (found == ':')
		return refuse(err, "%s needs a value", what);
	if (optopt && (what[0] != '-' || what[1] != '-'))
		return refuse(err, "unknown option -%c", optopt);
	if (optopt)
		return refuse(err, "%.*s takes no value", name, what);
	return refuse(err, "unknown option %.*s", name, what);
}

static int set_once(FILE *err, const char **member, const char *option)
{
	if (*member)
		return refuse(err, "%s is given more than once", option);
	*member = optarg;
	return 0;
}

/* At most one of those that do something and exit; the checks are two that go
 * together. */
static int choose(struct cli *cli, enum cli_action action, bool check,
		  const char *option, FILE *err)
{
	if (check || cli->print ||
	    (cli->action != CLI_RUN && cli->action != action))
		return refuse(err, "%s can only be combined with --config",
			      option);
	cli->action = action;
	return 0;
}

static int finish(struct cli *cli, const struct cli_seen *seen, FILE *err)
{
	struct ztp_path path;
	struct ztp_error error;
	int rc = 0;

	if (!cli->config || !cli->config[0])
		return refuse(err, "--config FILE is missing");
	if (seen->to)
		rc = choose(cli, CLI_TO_STANDBY, seen->check,
			    "--" STORE_TO_OPTION, err);
	if (rc == 0 && seen->from)
		rc = choose(cli, CLI_FROM_STANDBY, seen->check,
			    "--" STORE_FROM_OPTION, err);
	if (rc == 0 && cli->forget)
		rc = choose(cli, CLI_FORGET, seen->check, "--forget", err);
	if (rc != 0)
		return rc;
	if (cli->forget &&
	    ztp_path_parse(&path, cli->forget, strlen(cli->forget), &error) < 0)
		return refuse(err, "--forget: %s", error.message);
	if (seen->check || cli->print)
		cli->action = seen->check ? CLI_CHECK : CLI_PRINT;
	return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv, FILE *err)
{
	struct cli_seen seen = {0};
	int option, rc = 0;

	*cli = (struct cli){.action = CLI_RUN};
	optind = 0; /* glibc: restart scanning */
	while ((option = getopt_long(argc, argv, ":c:Vh", options, NULL)) !=
	       -1) {
		switch (option) {
		case 'c':
			rc = set_once(err, &cli->config, "--config");
			break;
		case 'f':
			rc = set_once(err, &cli->forget, "--forget");
			break;
		case 'k':
			seen.check = true;
			break;
		case 't':
			seen.to = true;
			break;
		case 'F':
			seen.from = true;
			break;
		case 'p':
			cli->print = true;
			break;
		case 'V':
			cli->action = CLI_VERSION;
			return 0;
		case 'h':
			cli->action = CLI_HELP;
			return 0;
		default:
			return refuse_option(err, option, argv);
		}
		if (rc != 0)
			return rc;
	}
	if (optind < argc)
		return refuse(err, "unexpected argument \"%s\"", argv[optind]);
	return finish(cli, &seen, err);
}
