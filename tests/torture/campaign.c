#include "tests/torture/campaign.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_SECONDS 60 /* before a run is taken for hanging */
#define FINDINGS    50 /* told before a campaign ends */

/* How many calls fail one after the other: one, as a hiccup; or some, as an
 * empty heap or a full disk. */
static const long bursts[] = {1, 40};

/* Whether each end of the process is told, with its reason. */
static bool tell_endings;

struct options {
	int plan; /* -1: all */
	enum fail_kind kind;
	long at, burst, smoke;
	bool verbose;
};

struct totals {
	long runs, failed, ended, findings;
};

void campaign_find(struct campaign_run *run, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	if (run->findings++ == 0)
		(void)vsnprintf(run->finding, sizeof(run->finding), form, args);
	va_end(args);
}

static struct campaign_run *shared_run(void)
{
	void *p =
		mmap(NULL, sizeof(struct campaign_run), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("torture");
		exit(2);
	}
	return p;
}

static void tell_end(struct campaign_run *run, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFSIGNALED(status))
		campaign_find(run, "ended by signal %d%s", WTERMSIG(status),
			      WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
	else /* what it is stands on stderr */
		campaign_find(run, "a sanitizer's report");
}

/* One life, in a child. */
static void run_apart(const struct campaign *c, int plan, enum fail_kind kind,
		      long first, long count, bool verbose,
		      struct campaign_run *run)
{
	int status = 0;
	pid_t pid;

	memset(run, 0, sizeof(*run));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)alarm(verbose ? 600 : RUN_SECONDS);
		fail = (struct fail){
			.kind = kind, .first = first, .count = count};
		c->run(plan, verbose, run);
		memcpy(run->seen, fail.seen, sizeof(run->seen));
		run->failed = fail.failed;
		fail_where(run->site, sizeof(run->site), fail.site);
		fflush(NULL);
		_Exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("torture");
		exit(2);
	}
	tell_end(run, status);
}

static void report(const struct campaign *c, int plan, enum fail_kind kind,
		   long first, long count, const struct campaign_run *run)
{
	printf("%s: %s\n  %s %ld fails at %s\n  again: %s --plan %s --kind %s "
	       "--at %ld --burst %ld --verbose\n",
	       c->name, run->finding, fail_name(kind), first,
	       *run->site ? run->site : "(unknown)", program_invocation_name,
	       c->plans[plan], fail_name(kind), first, count);
}

static void run_one(const struct campaign *c, int plan, enum fail_kind kind,
		    long first, long count, bool verbose,
		    struct campaign_run *run, struct totals *totals)
{
	run_apart(c, plan, kind, first, count, verbose, run);
	totals->runs++;
	totals->failed += run->failed > 0;
	totals->ended += run->ended > 0;
	if (run->findings > 0) {
		totals->findings++;
		report(c, plan, kind, first, count, run);
	}
	if ((verbose || tell_endings) && run->ended > 0)
		printf("  %s %ld at %s ended it: %s\n", fail_name(kind), first,
		       run->site, run->why);
	fflush(stdout);
}

/* Every step-th call of a kind. */
static void run_kind(const struct campaign *c, int plan, enum fail_kind kind,
		     long calls, long step, struct campaign_run *run,
		     struct totals *totals)
{
	size_t i;
	long n;

	for (i = 0; i < sizeof(bursts) / sizeof(*bursts); i++)
		/* Not always the first one, where only some run. */
		for (n = 1 +
			 step * ((plan * 5 + (int)kind * 3 + (int)i * 7) % 16) /
				 16;
		     n <= calls && totals->findings < FINDINGS; n += step)
			run_one(c, plan, kind, n, bursts[i], false, run,
				totals);
}

static void run_plan(const struct campaign *c, int plan,
		     const struct options *o, struct campaign_run *run,
		     struct totals *totals)
{
	const enum fail_kind *kind;
	long calls[FAIL_KINDS], step, kinds = 0;
	struct totals before = {0};

	run_apart(c, plan, FAIL_NOTHING, 0, 0, o->verbose, run);
	memcpy(calls, run->seen, sizeof(calls));
	if (run->findings > 0) {
		totals->findings++;
		printf("%s: with nothing failing, in plan %s: %s\n", c->name,
		       c->plans[plan], run->finding);
		return;
	}
	for (kind = c->kinds; *kind != FAIL_NOTHING; kind++)
		kinds += calls[*kind] > 0;
	for (kind = c->kinds; *kind != FAIL_NOTHING; kind++) {
		if (o->kind != FAIL_NOTHING && o->kind != *kind)
			continue;
		before = *totals;
		step = o->smoke ? 2 * kinds * calls[*kind] / o->smoke + 1 : 1;
		run_kind(c, plan, *kind, calls[*kind], step, run, totals);
		printf("  %-6s %s %s: %ld calls, %ld runs, %ld ended with "
		       "exit status 1\n",
		       totals->findings > before.findings ? "FAILED" : "ok",
		       c->plans[plan], fail_name(*kind), calls[*kind],
		       totals->runs - before.runs,
		       totals->ended - before.ended);
		fflush(stdout);
	}
}

static int plan_named(const struct campaign *c, const char *name)
{
	int i;

	for (i = 0; c->plans[i]; i++)
		if (strcmp(c->plans[i], name) == 0)
			return i;
	return -1;
}

static bool parse(struct options *o, const struct campaign *c, int argc,
		  char **argv)
{
	static const struct option known[] = {
		{"plan", required_argument, NULL, 'p'},
		{"kind", required_argument, NULL, 'k'},
		{"at", required_argument, NULL, 'a'},
		{"burst", required_argument, NULL, 'b'},
		{"smoke", required_argument, NULL, 's'},
		{"verbose", no_argument, NULL, 'v'},
		{"endings", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'p':
			o->plan = plan_named(c, optarg);
			if (o->plan < 0)
				return false;
			break;
		case 'k':
			o->kind = fail_kind(optarg);
			if (o->kind == FAIL_NOTHING)
				return false;
			break;
		case 'a':
			o->at = strtol(optarg, NULL, 10);
			break;
		case 'b':
			o->burst = strtol(optarg, NULL, 10);
			break;
		case 's':
			o->smoke = strtol(optarg, NULL, 10);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'e':
			tell_endings = true;
			break;
		default:
			return false;
		}
	return o->at == 0 || (o->plan >= 0 && o->kind != FAIL_NOTHING);
}

int campaign_main(const struct campaign *c, int argc, char **argv)
{
	struct options o = {.plan = -1, .burst = 1};
	struct campaign_run *run = shared_run();
	struct totals totals = {0};
	int plan;

	if (!parse(&o, c, argc, argv)) {
		fprintf(stderr,
			"Usage: %s [--smoke RUNS] [--plan P] [--kind K "
			"[--at N [--burst N] [--verbose]]] [--endings]\n",
			argv[0]);
		return 2;
	}
	if (o.at > 0)
		run_one(c, o.plan, o.kind, o.at, o.burst, o.verbose, run,
			&totals);
	for (plan = 0; c->plans[plan] && o.at == 0; plan++)
		if (o.plan < 0 || o.plan == plan)
			run_plan(c, plan, &o, run, &totals);
	printf("%s: %ld runs, something failed in %ld, %ld ended with exit "
	       "status 1; %ld findings\n",
	       c->name, totals.runs, totals.failed, totals.ended,
	       totals.findings);
	return totals.findings > 0;
}
