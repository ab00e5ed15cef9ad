/*
 * The bridge in the simulated world of tests/sim: three devices from their
 * first event to their end, with a restart, a reload and a kill -9 in between.
 * Whatever call fails, the oracle of the simulation finds nothing lost, twice
 * or elsewhere; what the bridge has allocated and opened is gone when it has
 * ended; and it ends only with an error in its log.
 */
#include <fcntl.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "bridge/loop/loop.h"
#include "tests/sim/run.h"
#include "tests/sim/system.h"
#include "tests/sim/system_internal.h"
#include "tests/torture/campaign.h"
#include "tests/torture/memory.h"

#define SEED	1
#define FDS_MAX 256 /* of the simulation */

enum plan { PLAN_GATE, PLAN_DEVICE, PLAN_PLAIN };
static const char *const plans[] = {"gate", "device", "plain", NULL};

/* One life of the world. A global, because the linker's names take no
 * context. */
static struct {
	enum plan plan;
	struct campaign_run *run;
	bool error_logged;
	bool died;	    /* without giving back its memory */
	long failed_before; /* when this life of the bridge began */
	char error[512];    /* the first in the log of this life */
} now;

/* --- the world: a short one, in which nothing else goes wrong */

static void signal_bridge(void *arg, int64_t signo)
{
	(void)arg;
	system_signal(NULL, (int)signo);
}

static void kill_bridge(void *arg, int64_t n)
{
	(void)arg;
	(void)n;
	if (!processes[0].alive)
		return;
	processes[0].crash_now = true;
	now.died = true;
}

void __wrap_plan_draw(bool group);
void __wrap_plan_draw(bool group)
{
	(void)group;
	sim.plan = (struct sim_plan){
		.gate = now.plan == PLAN_GATE,
		.hold = true,
		.gate_commands = 1000,
		.gate_bytes = 1 << 20,
		.ack_device = now.plan == PLAN_DEVICE,
		.sync_full = now.plan != PLAN_PLAIN,
		.whole = now.plan != PLAN_GATE,
		.mqtt3 = now.plan == PLAN_PLAIN,
		.devices = 3,
		.decision_timeout_ms = 4000,
		.delivery_timeout_ms = 40000,
		.partitions = 2,
		.max_requests = 1000000,
		.max_finished = 10000000,
		.trouble_us = 8 * SIM_S,
		.crash_points = 1,
		.downtime_max_ms = 200,
		.interleave = 50,
		.bad_events = 3,
		.strangers = 2,
		/* Never, but the bridge may end with 1. */
		.disk_trouble = 1 << 30,
	};
	sim_at(2 * SIM_S, signal_bridge, NULL, SIGHUP);
	sim_at(3 * SIM_S, signal_bridge, NULL, SIGTERM);
	if (now.plan != PLAN_PLAIN) /* else LeakSanitizer looks */
		sim_at(5 * SIM_S, kill_bridge, NULL, 0);
}

/* The world's memory is never freed. */
void *__real_sim_copy(const void *bytes, size_t n);
void *__wrap_sim_copy(const void *bytes, size_t n);
void *__wrap_sim_copy(const void *bytes, size_t n)
{
	void *p = __real_sim_copy(bytes, n);

	__lsan_ignore_object(p);
	return p;
}

void *__real_sim_alloc(size_t n);
void *__wrap_sim_alloc(size_t n);
void *__wrap_sim_alloc(size_t n)
{
	void *p = __real_sim_alloc(n);

	__lsan_ignore_object(p);
	return p;
}

/* Its own use of our code: reading what the bridge asks. */
void __real_gate_command(const char *payload, size_t len);
void __wrap_gate_command(const char *payload, size_t len);
void __wrap_gate_command(const char *payload, size_t len)
{
	fail.outside++;
	__real_gate_command(payload, len);
	fail.outside--;
}

/* --- lives of the bridge */

void __real_world_logged(const char *line, size_t n);
void __wrap_world_logged(const char *line, size_t n);
void __wrap_world_logged(const char *line, size_t n)
{
	__real_world_logged(line, n);
	if (now.error_logged || !memmem(line, n, "level=error", 11))
		return;
	now.error_logged = true;
	snprintf(now.error, sizeof(now.error), "%.*s", (int)n, line);
}

/* It has ended itself, with this exit status. */
static void judge_end(int code)
{
	struct campaign_run *run = now.run;
	bool something = fail.failed > now.failed_before;

	if (code == 0)
		return;
	if (!something)
		campaign_find(run, "it ended with %d though nothing failed: %s",
			      code, now.error);
	else if (code != 1)
		campaign_find(run, "it ended with %d", code);
	else if (strstr(now.error, "error=\"\""))
		campaign_find(run, "an error without a reason: %s", now.error);
	else if (!now.error_logged && fail.kind != FAIL_LOG)
		campaign_find(run, "it ended with 1 and logged no error");
	if (run->ended++ == 0)
		snprintf(run->why, sizeof(run->why), "%s", now.error);
}

static void judge_rest(struct campaign_run *run)
{
	char where[256];
	size_t blocks = memory_leaked(where, sizeof(where));
	int fd;

	if (blocks > 0)
		campaign_find(run, "leaked: %zu blocks, the first from %s",
			      blocks, where);
	for (fd = SIM_FD; fd < SIM_FD + FDS_MAX; fd++)
		if (system_find(fd)->kind != FREE &&
		    system_find(fd)->kind != LOG)
			campaign_find(run, "leaked: a descriptor of kind %d",
				      (int)system_find(fd)->kind);
}

static void begin_life(void)
{
	/* The simulation's own kills depend on how many calls there are. */
	processes[0].crash_in = 0;
	now.error_logged = false;
	now.error[0] = '\0';
	now.failed_before = fail.failed;
	memory_mark();
	fail.armed = true;
	fail.outside = 0;
}

int __real_loop_run(const struct config *config, struct log *log,
		    loop_reload *reload, void *arg);
int __wrap_loop_run(const struct config *config, struct log *log,
		    loop_reload *reload, void *arg);
int __wrap_loop_run(const struct config *config, struct log *log,
		    loop_reload *reload, void *arg)
{
	int code;

	begin_life();
	code = __real_loop_run(config, log, reload, arg);
	fail.armed = false;
	judge_end(code);
	judge_rest(now.run);
	return code;
}

void sim_played__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code)
{
	fail.armed = false;
	now.died = true;
	judge_end(code);
	sim_played__exit(code);
}

static void run(int plan, bool verbose, struct campaign_run *run)
{
	static struct sim_stats stats;

	now.plan = (enum plan)plan;
	now.run = run;
	run_seed(SEED, false, verbose, &stats);
	if (stats.findings > 0)
		campaign_find(run, "%s", stats.finding);
	if (!now.died && __lsan_do_recoverable_leak_check() != 0)
		campaign_find(run, "leaked: see LeakSanitizer's report");
	if (verbose)
		printf("%llu requests, %llu decisions, %llu results, %llu "
		       "commands, %.1f s\n",
		       (unsigned long long)stats.requests,
		       (unsigned long long)stats.decisions,
		       (unsigned long long)stats.results,
		       (unsigned long long)stats.commands,
		       (double)stats.simulated_us / 1e6);
}

/* AddressSanitizer warns of the first swapcontext of a process, which would be
 * once in every run: it has warned when the runs begin. */
static void warn_once(void)
{
	int real = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	ucontext_t here, there;
	volatile bool back = false;

	dup2(null, STDERR_FILENO);
	if (getcontext(&there) == 0 && !back) {
		back = true;
		swapcontext(&here, &there);
	}
	dup2(real, STDERR_FILENO);
	close(null);
	close(real);
}

int main(int argc, char **argv)
{
	static const enum fail_kind kinds[] = {
		FAIL_MEMORY,	    FAIL_SQLITE_MEMORY, FAIL_JSON_MEMORY,
		FAIL_CRYPTO_MEMORY, FAIL_READ,		FAIL_WRITE,
		FAIL_SYNC,	    FAIL_FILE,		FAIL_SYSTEM,
		FAIL_LOG,	    FAIL_SEND,		FAIL_RECEIVE,
		FAIL_NOTHING};
	static const struct campaign campaign = {
		.name = "torture-bridge",
		.plans = plans,
		.run = run,
		.kinds = kinds,
	};

	memory_begin();
	warn_once();
	return campaign_main(&campaign, argc, argv);
}
