/*
 * tests/torture/campaign.h - what all campaigns share: the options, the run in
 * a process of its own for each call that fails, and the report.
 */
#ifndef TESTS_TORTURE_CAMPAIGN_H
#define TESTS_TORTURE_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/torture/fail.h"

/* What a run tells its parent. */
struct campaign_run {
	long seen[FAIL_KINDS], failed;
	int findings;
	char finding[1024]; /* the first */
	void *site;	    /* of the call that failed */
	int ended;	    /* how often the process ended itself for it */
	char why[512];	    /* what it said then */
};

struct campaign {
	const char *name;
	const char *const *plans; /* NULL-terminated */
	/* Runs one life; `fail` has been set. In a child. */
	void (*run)(int plan, bool verbose, struct campaign_run *run);
	const enum fail_kind *kinds; /* FAIL_NOTHING: the end */
};

/* In a run: something that must not be. */
void campaign_find(struct campaign_run *run, const char *form, ...)
	__attribute__((format(printf, 2, 3)));

/* The program: returns its exit status.
 *
 *   NAME                       every call of every kind, in every plan; where
 *                              there are thousands, some of each way (paths.h)
 *   NAME --ways N              N of each way, in every kind
 *   NAME --every               every single one; takes days
 *   NAME --smoke RUNS          so many runs, evenly spread over all of them
 *   NAME --plan P --kind K --at N [--burst N] [--verbose]   one of them
 *
 * --kind and --plan alone restrict a campaign. It runs on all cores, or on
 * --jobs N. */
int campaign_main(const struct campaign *campaign, int argc, char **argv);

#endif
