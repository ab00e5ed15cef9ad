#include "tests/bench/part.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct option options[] = {
	{"brokers", required_argument, NULL, 'b'},
	{"topic", required_argument, NULL, 't'},
	{"certs", required_argument, NULL, 'C'},
	{"prefix", required_argument, NULL, 'x'},
	{"port", required_argument, NULL, 'p'},
	{"clients", required_argument, NULL, 'n'},
	{"password", required_argument, NULL, 'w'},
	{"quiet", required_argument, NULL, 'q'},
	{"window", required_argument, NULL, 'W'},
	{"progress", required_argument, NULL, 'P'},
	{"rate", required_argument, NULL, 'r'},
	{"first", required_argument, NULL, 'f'},
	{"count", required_argument, NULL, 'c'},
	{NULL, 0, NULL, 0}};

void part_die(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	vfprintf(stderr, form, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int64_t number(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end || end == text || value < 0) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return value;
}

static void set(struct part *part, int option, const char *value)
{
	switch (option) {
	case 'b':
		part->brokers = value;
		break;
	case 't':
		part->topic = value;
		break;
	case 'C':
		part->certs = value;
		break;
	case 'x':
		part->prefix = value;
		break;
	case 'p':
		part->port = (int)number(value);
		break;
	case 'n':
		part->clients = (int)number(value);
		break;
	case 'q':
		part->quiet = (int)number(value);
		break;
	case 'w':
		part->password = (int)number(value);
		break;
	case 'W':
		part->window = number(value);
		break;
	case 'P':
		part->progress = value;
		break;
	case 'r':
		part->rate = number(value);
		break;
	case 'f':
		part->first = number(value);
		break;
	case 'c':
		part->count = number(value);
		break;
	default:
		exit(2);
	}
}

void part_options(struct part *part, int argc, char **argv)
{
	int option;

	*part = (struct part){.prefix = "b", .clients = 200, .rate = 1000};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		set(part, option, optarg);
	if (optind < argc || part->rate == 0 || part->count == 0 ||
	    part->clients == 0 || strlen(part->prefix) > PART_PREFIX_MAX) {
		fprintf(stderr, "%s: wrong arguments\n", argv[0]);
		exit(2);
	}
}

_Atomic int64_t *part_progress(const struct part *part)
{
	size_t size = sizeof(_Atomic int64_t);
	void *found;
	int fd;

	if (!part->progress)
		return NULL;
	fd = open(part->progress, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size))
		part_die("%s: %s", part->progress, strerror(errno));
	found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (found == MAP_FAILED)
		part_die("%s: %s", part->progress, strerror(errno));
	close(fd);
	return found;
}

int64_t part_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t part_due(const struct part *part, int64_t index)
{
	return part->start + index * 1000000 / part->rate;
}

void part_begin(struct part *part)
{
	char line[64];
	size_t n = 0;

	puts("ready");
	fflush(stdout);
	/* Uses read(2): part_over would not see what stdio has buffered. */
	while (n < sizeof(line) - 1 && read(0, line + n, 1) == 1 &&
	       line[n] != '\n')
		n++;
	if (n == 0)
		exit(0);
	line[n] = '\0';
	part->start = number(line);
}

bool part_over(void)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	char byte;

	return poll(&in, 1, 0) > 0 && read(0, &byte, 1) <= 0;
}
