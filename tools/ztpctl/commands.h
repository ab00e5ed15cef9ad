/*
 * tools/ztpctl/commands.h - the table of commands: arguments and options of
 * each, from which help and error messages are made.
 */
#ifndef ZTP_ZTPCTL_COMMANDS_H
#define ZTP_ZTPCTL_COMMANDS_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/ztpctl/ztpctl.h"

/* Which options a command has, besides those of every command. */
enum ztp_ctl_option {
	ZTP_CTL_ONBOARDING = 1 << 0,
	ZTP_CTL_AUDIENCE = 1 << 1,
	ZTP_CTL_CAS = 1 << 2, /* --ca is the registry's, and may be repeated */
	ZTP_CTL_ONLY_CA = 1 << 3, /* --ca selects */
	ZTP_CTL_STATE = 1 << 4,
	ZTP_CTL_OLDER_THAN = 1 << 5,
	ZTP_CTL_RETRY_AFTER = 1 << 6,
	ZTP_CTL_COUNT = 1 << 7,
	ZTP_CTL_BROKER_CONFIG = 1 << 8,
	ZTP_CTL_YES = 1 << 9,
	ZTP_CTL_KAFKA = 1 << 10, /* --brokers, --topic, -X, --properties */
	ZTP_CTL_AUDIT = 1 << 11, /* --device, --code, --since */
};

/* What its first argument is. */
enum ztp_ctl_first {
	ZTP_CTL_OTHER,	  /* or there is none */
	ZTP_CTL_REGISTRY, /* S/R */
	ZTP_CTL_PATH,
	ZTP_CTL_CANDIDATE, /* its path, or its request's id */
};

struct ztp_ctl_command {
	const char *words[3];
	const char *usage; /* its arguments and options */
	int min, max;	   /* arguments */
	enum ztp_ctl_first first;
	unsigned options;  /* of enum ztp_ctl_option */
	bool alone;	   /* it opens the connection itself, or has none */
	bool told;	   /* it asks whether it is told to end */
	bool file_is_last; /* its second argument names a file */
	ztp_ctl_fn *run;
};

/* How many of the words begin a command, and the command that the first `used`
 * of them name; or NULL. */
int ztp_ctl_words_known(const char *const *words, int count);
const struct ztp_ctl_command *ztp_ctl_command(const char *const *words,
					      int count, int *used);

/* Print the help; how the commands are called that begin with these words; and
 * which words may follow these. */
void ztp_ctl_print_help(void);
void ztp_ctl_print_usage(FILE *to, const char *const *words, int count);
void ztp_ctl_print_next(FILE *to, const char *const *words, int known);

#endif
