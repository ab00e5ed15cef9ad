/*
 * Runs seeds for some time: each in a process of its own, so that one which
 * crashes or hangs is a finding, too, and starts from nothing.
 *
 *   sim --seconds N [--seed FIRST]    seeds, one after the other
 *   sim --seed N --once [--verbose]   one, told step by step
 *   sim --seeds FILE                  those of a file, one a line
 *   sim --bridges ...                 the same, of several bridges
 *   sim --bridges --without RULE ...  and a rule of theirs is taken out
 *   sim --bridges --about RULE ...    seeds in which it matters
 *   sim --seconds N --first ...       until one has found something
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/run.h"
#include "tests/sim/without.h"

#define SEED_SECONDS 60 /* of one seed, before it is taken for hanging */

/* The real clock: the linker gives all others the played one. */
int __real_clock_gettime(clockid_t id, struct timespec *ts);

static bool group; /* of bridges; else one by itself */

struct totals {
	uint64_t seeds, inputs, crashes, requests, findings;
	double simulated;
};

static double seconds(void)
{
	struct timespec ts;

	__real_clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* In a child. False: it did not come to an end by itself. */
static bool run_apart(uint64_t seed, bool verbose, struct sim_stats *stats)
{
	int status = 0;
	pid_t pid;

	memset(stats, 0, sizeof(*stats));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(verbose ? 600 : SEED_SECONDS);
		run_seed(seed, group, verbose, stats);
		_Exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("sim");
		exit(2);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	stats->findings++;
	if (WIFSIGNALED(status))
		snprintf(stats->finding, sizeof(stats->finding),
			 "ended by signal %d%s", WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
	else
		snprintf(stats->finding, sizeof(stats->finding),
			 "exit status %d", WEXITSTATUS(status));
	return false;
}

static void count(struct totals *t, const struct sim_stats *stats)
{
	t->seeds++;
	t->inputs += stats->inputs;
	t->crashes += stats->crashes;
	t->requests += stats->requests;
	t->simulated += (double)stats->simulated_us / 1e6;
	t->findings += stats->findings > 0;
}

static void run_one(uint64_t seed, bool verbose, struct sim_stats *stats,
		    struct totals *totals)
{
	run_apart(seed, verbose, stats);
	count(totals, stats);
	if (stats->findings > 0)
		printf("seed %" PRIu64 ": %s\n  again: make sim SEED=%" PRIu64
		       " ONCE=1%s\n",
		       seed, stats->finding, seed, group ? " BRIDGES=1" : "");
	fflush(stdout);
}

static int run_file(const char *name, struct sim_stats *stats,
		    struct totals *totals)
{
	FILE *file = fopen(name, "re");
	char line[256];

	if (!file) {
		fprintf(stderr, "sim: %s: %s\n", name, strerror(errno));
		return 2;
	}
	while (fgets(line, sizeof(line), file))
		if (*line != '#' && *line != '\n')
			run_one(strtoull(line, NULL, 10), false, stats, totals);
	fclose(file);
	return 0;
}

static void tell(const struct totals *t, double took)
{
	printf("%" PRIu64 " seeds, %" PRIu64 " requests, %" PRIu64
	       " kills, %.0f s simulated in %.1f s: %" PRIu64
	       " events, %.0f a minute; %" PRIu64 " findings\n",
	       t->seeds, t->requests, t->crashes, t->simulated, took, t->inputs,
	       (double)t->inputs / took * 60, t->findings);
}

static struct sim_stats *shared_stats(void)
{
	void *p = mmap(NULL, sizeof(struct sim_stats), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("sim");
		exit(2);
	}
	return p;
}

struct asked_for {
	bool once, verbose, first;
	const char *file; /* NULL: none */
	double limit;
	uint64_t seed;
};

static bool read_options(struct asked_for *asked, int argc, char **argv)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 't'},
		{"seed", required_argument, NULL, 's'},
		{"seeds", required_argument, NULL, 'f'},
		{"once", no_argument, NULL, '1'},
		{"verbose", no_argument, NULL, 'v'},
		{"bridges", no_argument, NULL, 'b'},
		{"first", no_argument, NULL, 'o'},
		{"without", required_argument, NULL, 'w'},
		{"about", required_argument, NULL, 'a'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 't':
			asked->limit = strtod(optarg, NULL);
			break;
		case 's':
			asked->seed = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			asked->file = optarg;
			break;
		case '1':
			asked->once = true;
			break;
		case 'v':
			asked->verbose = true;
			break;
		case 'o':
			asked->first = true;
			break;
		case 'b':
			group = true;
			break;
		case 'w':
			if (!without_set(optarg))
				return false;
			break;
		case 'a':
			if (!about_set(optarg))
				return false;
			break;
		default:
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	struct sim_stats *stats = shared_stats();
	struct asked_for asked = {.limit = 10, .seed = 1};
	struct totals totals = {0};
	double began = seconds();
	int rc = 0;

	if (!read_options(&asked, argc, argv))
		return 2;
	if (asked.file) {
		rc = run_file(asked.file, stats, &totals);
	} else if (asked.once) {
		run_one(asked.seed, asked.verbose, stats, &totals);
		printf("seed %" PRIu64 " hash %016" PRIx64 "\n", asked.seed,
		       stats->hash);
	} else {
		while (seconds() - began < asked.limit &&
		       !(asked.first && totals.findings > 0))
			run_one(asked.seed++, false, stats, &totals);
	}
	tell(&totals, seconds() - began);
	return rc ? rc : totals.findings > 0;
}
