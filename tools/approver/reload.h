/*
 * tools/approver/reload.h - the rules are read again when their file, or one
 * that it names, has changed. What cannot be read then changes nothing: the
 * rules stay as they are, and a warning says why.
 */
#ifndef ZTP_APPROVER_RELOAD_H
#define ZTP_APPROVER_RELOAD_H

#include "tools/approver/options.h"

struct reload {
	int64_t look_at;  /* ms, ztp_clock_boot */
	int64_t retry_at; /* 0: the last reading was good */
	uint64_t read;	  /* the files as they were at the last reading */
	uint64_t seen;	  /* ... and at the last look */
	char why[256];	  /* why the last reading failed */
};

void reload_init(struct reload *reload, const struct options *options);
/* Looks once a second, and replaces options->rules. A file counts as changed
 * once it has been the same for a second, since a list that is being written
 * has not all of its devices yet. */
void reload_look(struct reload *reload, struct options *options);

#endif
