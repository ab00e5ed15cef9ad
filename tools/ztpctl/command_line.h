/*
 * tools/ztpctl/command_line.h - reads what ztpctl is asked to do.
 */
#ifndef ZTP_ZTPCTL_COMMAND_LINE_H
#define ZTP_ZTPCTL_COMMAND_LINE_H

#include "tools/ztpctl/commands.h"

/* Reads the command line into ctl. Returns the command; or NULL, when *status is
 * the exit status: help was printed, or on stderr what is wrong with a word and
 * how the command is called. */
const struct ztp_ctl_command *
ztp_ctl_command_line(struct ztp_ctl *ctl, int argc, char **argv, int *status);

#endif
