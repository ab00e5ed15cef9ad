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

#include "tests/torture/paths.h"

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
	long at, burst, smoke, ways, jobs;
	bool verbose, every;
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
		fail = (struct fail){.kind = kind,
				     .first = first,
				     .count = count,
				     .noting = kind == FAIL_NOTHING};
		c->run(plan, verbose, run);
		memcpy(run->seen, fail.seen, sizeof(run->seen));
		run->failed = fail.failed;
		run->site = fail.site;
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
	char site[256];

	fail_where(site, sizeof(site), run->site);
	printf("%s: %s\n  %s %ld fails at %s\n  again: %s --plan %s --kind %s "
	       "--at %ld --burst %ld --verbose\n",
	       c->name, run->finding, fail_name(kind), first,
	       *site ? site : "(unknown)", program_invocation_name,
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
	if ((verbose || tell_endings) && run->ended > 0) {
		char site[256];

		fail_where(site, sizeof(site), run->site);
		printf("  %s %ld at %s ended it: %s\n", fail_name(kind), first,
		       site, run->why);
	}
	fflush(stdout);
}

/* --- which calls of a kind fail */

/* Every call, unless there are more than that; else so many of each way. */
#define EVERY	  2500
#define OF_A_WAY  4
#define BURST_GAP 8 /* a burst begins at every so-manieth of them */

struct choice {
	bool *chosen; /* chosen[n - 1] */
	long calls, ways;
};

static void choose(struct choice *choice, int plan, enum fail_kind kind,
		   long calls, long kinds, const struct options *o)
{
	long step = o->smoke ? 2 * kinds * calls / o->smoke + 1 : 1, n;

	*choice = (struct choice){calloc((size_t)calls + 1, 1), calls, 0};
	if (!choice->chosen)
		abort();
	if (!o->smoke && !o->every && (o->ways > 0 || calls > EVERY)) {
		choice->ways = paths_choose(choice->chosen, kind, calls,
					    o->ways > 0 ? o->ways : OF_A_WAY);
		return;
	}
	/* Not always the first one, where only some run. */
	n = 1 + step * ((plan * 5 + (int)kind * 3) % 16) / 16;
	for (; n <= calls; n += step)
		choice->chosen[n - 1] = true;
}

/* What one of several workers does of a kind. */
static void run_share(const struct campaign *c, int plan, enum fail_kind kind,
		      const struct choice *choice, const struct options *o,
		      long worker, struct campaign_run *run,
		      struct totals *totals)
{
	long n, i = 0, gap = o->smoke || o->every ? 1 : BURST_GAP;

	for (n = 1; n <= choice->calls && totals->findings < FINDINGS; n++) {
		if (!choice->chosen[n - 1] || i++ % o->jobs != worker)
			continue;
		run_one(c, plan, kind, n, bursts[0], false, run, totals);
		if ((i - 1) / o->jobs % gap == 0)
			run_one(c, plan, kind, n, bursts[1], false, run,
				totals);
	}
}

/* The calls of a kind, by so many workers at once; each adds to a part of
 * `shared`. */
static void run_kind(const struct campaign *c, int plan, enum fail_kind kind,
		     const struct choice *choice, const struct options *o,
		     struct totals *totals)
{
	struct totals *shared =
		mmap(NULL, (size_t)o->jobs * sizeof(*shared),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long i;

	if (shared == MAP_FAILED) {
		perror("torture");
		exit(2);
	}
	fflush(NULL);
	for (i = 0; i < o->jobs; i++)
		if (fork() == 0) {
			run_share(c, plan, kind, choice, o, i, shared_run(),
				  &shared[i]);
			fflush(NULL);
			_Exit(0);
		}
	for (i = 0; i < o->jobs; i++) {
		int status = 0;

		if (wait(&status) < 0 || status != 0)
			totals->findings++; /* a fork failed, or a worker */
	}
	for (i = 0; i < o->jobs; i++) {
		totals->runs += shared[i].runs;
		totals->failed += shared[i].failed;
		totals->ended += shared[i].ended;
		totals->findings += shared[i].findings;
	}
	munmap(shared, (size_t)o->jobs * sizeof(*shared));
}

static void run_plan(const struct campaign *c, int plan,
		     const struct options *o, struct campaign_run *run,
		     struct totals *totals)
{
	const enum fail_kind *kind;
	long calls[FAIL_KINDS], kinds = 0;
	struct choice choice;
	struct totals before;

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
		choose(&choice, plan, *kind, calls[*kind], kinds, o);
		run_kind(c, plan, *kind, &choice, o, totals);
		free(choice.chosen);
		printf("  %-6s %s %s: %ld calls, %ld ways, %ld runs, %ld ended "
		       "with exit status 1\n",
		       totals->findings > before.findings ? "FAILED" : "ok",
		       c->plans[plan], fail_name(*kind), calls[*kind],
		       choice.ways, totals->runs - before.runs,
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
		{"ways", required_argument, NULL, 'w'},
		{"verbose", no_argument, NULL, 'v'},
		{"jobs", required_argument, NULL, 'j'},
		{"every", no_argument, NULL, 'E'},
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
		case 'w':
			o->ways = strtol(optarg, NULL, 10);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'j':
			o->jobs = strtol(optarg, NULL, 10);
			break;
		case 'E':
			o->every = true;
			break;
		case 'e':
			tell_endings = true;
			break;
		default:
			return false;
		}
	return o->jobs > 0 &&
	       (o->at == 0 || (o->plan >= 0 && o->kind != FAIL_NOTHING));
}

int campaign_main(const struct campaign *c, int argc, char **argv)
{
	struct options o = {
		.plan = -1, .burst = 1, .jobs = sysconf(_SC_NPROCESSORS_ONLN)};
	struct campaign_run *run = shared_run();
	struct totals totals = {0};
	int plan;

	paths_begin();
	if (!parse(&o, c, argc, argv)) {
		fprintf(stderr,
			"Usage: %s [--smoke RUNS | --ways N | --every] "
			"[--jobs N] [--plan P] [--kind K "
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
