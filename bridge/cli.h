/*
 * bridge/cli.h - the command line of ztp-bridge.
 */
#ifndef BRIDGE_CLI_H
#define BRIDGE_CLI_H

#include <stdbool.h>
#include <stdio.h>

#define CLI_EXIT_USAGE 2

enum cli_action {
	CLI_RUN,
	CLI_CHECK,  /* --check-config; with print also prints */
	CLI_PRINT,  /* only --print-config */
	CLI_FORGET, /* --forget PATH */
	CLI_TO_STANDBY,
	CLI_FROM_STANDBY,
	CLI_VERSION, /* needs no configuration */
	CLI_HELP     /* needs no configuration */
};

struct cli {
	enum cli_action action;
	const char *config; /* points into argv; NULL for VERSION and HELP */
	const char *forget; /* a well-formed device path; points into argv */
	bool print;	    /* with CLI_CHECK: also print */
};

/* Returns 0, or CLI_EXIT_USAGE after printing a line that says what is wrong,
 * and the usage, to err. Not thread-safe (getopt). */
int cli_parse(struct cli *cli, int argc, char **argv, FILE *err);

void cli_usage(FILE *out);

#endif
