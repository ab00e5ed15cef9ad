/* The command line of the daemon: what it means and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/cli.h"
#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define PATH	      "subscriptions/s/registries/r/devices/d"

static const struct row {
	const char *argv[8];
	int rc;
	enum cli_action action;
	const char *says;
} rows[] = {
	{{"--config", "f"}, 0, CLI_RUN, ""},
	{{"--config=f"}, 0, CLI_RUN, ""},
	{{"-c", "f"}, 0, CLI_RUN, ""},
	{{"--check-config", "--config", "f"}, 0, CLI_CHECK, ""},
	{{"--config", "f", "--print-config"}, 0, CLI_PRINT, ""},
	{{"--config", "f", "--print-config", "--check-config"},
	 0,
	 CLI_CHECK,
	 ""},
	{{"--config", "f", "--forget", PATH}, 0, CLI_FORGET, ""},
	{{"--config", "f", "--to-standby"}, 0, CLI_TO_STANDBY, ""},
	{{"--from-standby", "-c", "f"}, 0, CLI_FROM_STANDBY, ""},
	{{"--version"}, 0, CLI_VERSION, ""},
	{{"--help"}, 0, CLI_HELP, ""},
	{{NULL}, 2, 0, "ztp-bridge: --config FILE is missing\nusage:"},
	{{"--config"}, 2, 0, "--config needs a value\n"},
	{{"--config", ""}, 2, 0, "--config FILE is missing\n"},
	{{"--config", "a", "--config", "b"}, 2, 0, "more than once\n"},
	{{"--colour"}, 2, 0, "unknown option --colour\n"},
	{{"-x"}, 2, 0, "unknown option -x\n"},
	{{"--check-config=1"}, 2, 0, "--check-config takes no"},
	{{"--colour=x"}, 2, 0, "unknown option --colour\n"},
	{{"--check-config"}, 2, 0, "--config FILE is missing\n"},
	{{"--config", "f", "more"}, 2, 0, "unexpected argument \"more\"\n"},
	{{"--config", "f", "--forget", "pump"}, 2, 0, "--forget: "},
	{{"--config", "f", "--forget", PATH, "--check-config"},
	 2,
	 0,
	 "--forget can only be combined with --config\n"},
	{{"--config", "f", "--forget", PATH, "--to-standby"},
	 2,
	 0,
	 "--forget can only be combined with --config\n"},
	{{"--config", "f", "--from-standby", "--to-standby"},
	 2,
	 0,
	 "--from-standby can only be combined with --config\n"},
	{{"--config", "f", "--to-standby", "--print-config"},
	 2,
	 0,
	 "--to-standby can only be combined with --config\n"},
	{{"--to-standby"}, 2, 0, "--config FILE is missing\n"},
};

/* Returns the exit status; what is said goes to text. */
static int parse(const struct row *row, struct cli *cli, char *text,
		 size_t size)
{
	char name[] = "ztp-bridge", *argv[10] = {name};
	FILE *err = fmemopen(text, size, "w");
	int argc = 1, rc;

	assert_non_null(err);
	for (; row->argv[argc - 1]; argc++)
		argv[argc] = (char *)row->argv[argc - 1];
	rc = cli_parse(cli, argc, argv, err);
	fclose(err);
	return rc;
}

static void command_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char text[512] = "";
		struct cli cli;

		assert_int_equal(parse(&rows[i], &cli, text, sizeof(text)),
				 rows[i].rc);
		assert_non_null(strstr(text, rows[i].says));
		assert_true(rows[i].rc != 0 || text[0] == '\0');
		if (rows[i].rc == 0)
			assert_int_equal(cli.action, rows[i].action);
		if (rows[i].rc == 0 && cli.action == CLI_FORGET)
			assert_string_equal(cli.forget, PATH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(command_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
