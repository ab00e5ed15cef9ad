/*
 * tests/bench/onboard.c - new devices, from TCP until each has been told that
 * it is approved. For scripts/bench-onboard.
 *
 *	onboard --port N --ca FILE --devices FILE --way WAY --count N
 *		--together N | --rate N  [--steps FILE] [--retry-ms N]
 *		[--user NAME --password TEXT] [--groups LIST] [--resume 1]
 *
 * The devices are those of tests/bench/keys.c, one a line. WAY is `first`,
 * `unused`, `password` or `live`, see onboard.h. With --together a device
 * begins when another is done, and all at once if it is the count. With --rate
 * a device begins when it is due, whatever became of those before, and is late
 * from then on. Who is refused or loses its connection comes again after
 * --retry-ms, as real devices do.
 *
 * Prints "ready", reads the start time (part.h), and prints one line of JSON
 * when all are done or stdin ends. The file of steps has a line for each
 * device: path, tries, whether it was rejected, and the times of struct steps
 * in us of the wall clock.
 */
#include "tests/bench/onboard.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS	256
#define WAIT_MS 50

struct options {
	int port;
	const char *ca, *groups;
	bool resume;
};

static void read_devices(struct fleet *fleet)
{
	FILE *file = fopen(fleet->devices_file, "re");
	size_t cap;

	if (!file)
		part_die("%s: %s", fleet->devices_file, strerror(errno));
	for (int64_t i = 0; i < fleet->part.count; i++) {
		struct device *device = &fleet->devices[i];
		char *rest;

		cap = 0;
		if (getline(&device->line, &cap, file) <= 0)
			part_die("%s: only %lld devices", fleet->devices_file,
				 (long long)i);
		device->line[strcspn(device->line, "\n")] = '\0';
		device->path = strtok_r(device->line, "\t", &rest);
		device->certificate = strtok_r(NULL, "\t", &rest);
		device->jwt = strtok_r(NULL, "\t", &rest);
		if (!device->jwt)
			part_die("%s: no device", fleet->devices_file);
	}
	fclose(file);
}

static void make_fleet(struct fleet *fleet, const struct options *options)
{
	size_t count = (size_t)fleet->part.count;

	fleet->devices = calloc(count, sizeof(*fleet->devices));
	fleet->again = calloc(count, sizeof(*fleet->again));
	fleet->again_at = calloc(count, sizeof(*fleet->again_at));
	if (!fleet->devices || !fleet->again || !fleet->again_at)
		part_die("out of memory");
	if (fleet->way != WAY_PASSWORD)
		read_devices(fleet);
	link_net_open(&fleet->net, options->port, options->ca, options->groups,
		      options->resume);
}

static void free_fleet(struct fleet *fleet)
{
	for (int64_t i = 0; i < fleet->part.count; i++) {
		link_close(&fleet->devices[i].link);
		free(fleet->devices[i].line);
	}
	free(fleet->devices);
	free(fleet->again);
	free(fleet->again_at);
	link_net_close(&fleet->net);
}

/* ---- who begins, and when */

static void begin(struct fleet *fleet, int64_t due)
{
	int number = (int)fleet->begun++;
	int64_t late = part_now() - due;

	if (late > fleet->late_us)
		fleet->late_us = late;
	fleet->devices[number].steps.due = due;
	device_begin(fleet, number);
}

static void begin_due(struct fleet *fleet)
{
	const struct part *part = &fleet->part;
	int64_t now = part_now();

	if (fleet->together) {
		while (fleet->begun < part->count &&
		       fleet->begun - fleet->done < fleet->together)
			/* all at once: they are due at the start */
			begin(fleet, fleet->together < part->count
					     ? part_now()
					     : part->start);
		return;
	}
	while (fleet->begun < part->count &&
	       part_due(part, fleet->begun) <= now)
		begin(fleet, part_due(part, fleet->begun));
}

static void begin_again(struct fleet *fleet)
{
	int64_t now = part_now(), count = fleet->part.count;

	while (fleet->again_first < fleet->again_last &&
	       fleet->again_at[fleet->again_first % count] <= now)
		device_begin(fleet, fleet->again[fleet->again_first++ % count]);
}

/* us until something begins, at most WAIT_MS. */
static int64_t until_next(const struct fleet *fleet)
{
	int64_t next = part_now() + WAIT_MS * 1000, at;

	if (fleet->again_first < fleet->again_last) {
		at = fleet->again_at[fleet->again_first % fleet->part.count];
		next = at < next ? at : next;
	}
	if (!fleet->together && fleet->begun < fleet->part.count) {
		at = part_due(&fleet->part, fleet->begun);
		next = at < next ? at : next;
	}
	next -= part_now();
	return next > 0 ? next : 0;
}

static void serve(struct fleet *fleet)
{
	struct epoll_event events[EVENTS];
	int64_t wait = until_next(fleet);
	struct timespec most = {.tv_sec = wait / 1000000,
				.tv_nsec = wait % 1000000 * 1000};
	int n = epoll_pwait2(fleet->net.epoll_fd, events, EVENTS, &most, NULL);

	if (n < 0 && errno != EINTR)
		part_die("epoll: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		if (device_step(fleet, events[i].data.fd))
			fleet->done++;
}

static void run(struct fleet *fleet)
{
	while (part_now() < fleet->part.start)
		serve(fleet);
	while (fleet->done < fleet->part.count && !part_over()) {
		begin_due(fleet);
		begin_again(fleet);
		serve(fleet);
	}
}

/* ---- the report */

static int64_t wall_offset(void)
{
	struct timespec wall;
	int64_t now = part_now();

	clock_gettime(CLOCK_REALTIME, &wall);
	return (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 - now;
}

static int64_t cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static void write_steps(const struct fleet *fleet)
{
	FILE *file = fopen(fleet->steps_file, "we");
	int64_t offset = wall_offset();

	if (!file)
		part_die("%s: %s", fleet->steps_file, strerror(errno));
	for (int64_t i = 0; i < fleet->part.count; i++) {
		const struct device *device = &fleet->devices[i];
		const struct steps *s = &device->steps;
		const int64_t at[] = {s->due,	 s->begun,   s->tcp,
				      s->tls,	 s->connack, s->accepted,
				      s->suback, s->pending, s->told};

		fprintf(file, "%s\t%d\t%d", device->path ? device->path : "",
			device->tries, device->rejected);
		for (size_t n = 0; n < sizeof(at) / sizeof(*at); n++)
			fprintf(file, "\t%lld",
				at[n] ? (long long)(at[n] + offset) : 0LL);
		fputc('\n', file);
	}
	if (fclose(file) != 0)
		part_die("%s: %s", fleet->steps_file, strerror(errno));
}

/* ---- options */

static enum way way_of(const char *name)
{
	static const char *const names[] = {"first", "unused", "password",
					    "live"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum way)i;
	part_die("no way %s", name);
}

static void take(struct fleet *fleet, struct options *options, int option)
{
	const char *text = optarg;
	long long number = text ? strtoll(text, NULL, 10) : 0;

	switch (option) {
	case 'p':
		options->port = (int)number;
		break;
	case 'a':
		options->ca = text;
		break;
	case 'd':
		fleet->devices_file = text;
		break;
	case 'w':
		fleet->way = way_of(text);
		break;
	case 'n':
		fleet->part.count = number;
		break;
	case 't':
		fleet->together = (int)number;
		break;
	case 'r':
		fleet->part.rate = number;
		break;
	case 's':
		fleet->steps_file = text;
		break;
	case 'm':
		fleet->retry_ms = (int)number;
		break;
	case 'u':
		fleet->user = text;
		break;
	case 'P':
		fleet->password = text;
		break;
	case 'g':
		options->groups = text;
		break;
	case 'R':
		options->resume = number != 0;
		break;
	default:
		exit(2);
	}
}

static void read_options(struct fleet *fleet, struct options *options, int argc,
			 char **argv)
{
	static const struct option known[] = {
		{"port", 1, NULL, 'p'},	    {"ca", 1, NULL, 'a'},
		{"devices", 1, NULL, 'd'},  {"way", 1, NULL, 'w'},
		{"count", 1, NULL, 'n'},    {"together", 1, NULL, 't'},
		{"rate", 1, NULL, 'r'},	    {"steps", 1, NULL, 's'},
		{"retry-ms", 1, NULL, 'm'}, {"user", 1, NULL, 'u'},
		{"password", 1, NULL, 'P'}, {"groups", 1, NULL, 'g'},
		{"resume", 1, NULL, 'R'},   {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		take(fleet, options, option);
	if (!options->port || !options->ca || fleet->part.count < 1 ||
	    (fleet->together < 1 && fleet->part.rate < 1) ||
	    (fleet->way == WAY_PASSWORD ? !fleet->user || !fleet->password
					: !fleet->devices_file))
		part_die("usage: see the head of tests/bench/onboard.c");
}

int main(int argc, char **argv)
{
	struct fleet fleet = {.retry_ms = 1000, .part = {.rate = 1}};
	struct options options = {0};
	int64_t cpu;

	(void)signal(SIGPIPE, SIG_IGN); /* a refusal closes the connection */
	read_options(&fleet, &options, argc, argv);
	make_fleet(&fleet, &options);
	if (fleet.way == WAY_LIVE) {
		live_run(&fleet);
	} else {
		part_begin(&fleet.part);
		cpu = cpu_us();
		run(&fleet);
		printf("{\"count\":%lld,\"done\":%lld,\"lost\":%lld,"
		       "\"late_max_us\":%lld,\"cpu_us\":%lld}\n",
		       (long long)fleet.part.count, (long long)fleet.done,
		       (long long)fleet.lost, (long long)fleet.late_us,
		       (long long)(cpu_us() - cpu));
		if (fleet.steps_file)
			write_steps(&fleet);
	}
	free_fleet(&fleet);
	return 0;
}
