/*
 *   contract --list       the names of all assertions
 *   contract NAME         one of them; exit status 0: it holds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/contract/contract.h"

#define STEP_MS 5

static const struct assertion *const tables[] = {
	kafka_take_assertions,
	kafka_report_assertions,
	kafka_read_assertions,
	kafka_group_assertions,
	kafka_transaction_assertions,
	kafka_member_assertions,
	mqtt_in_assertions,
	mqtt_out_assertions,
	disk_assertions,
	NULL,
};

void contract_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	exit(1);
}

void contract_same(const char *file, int line, const char *what, int64_t a,
		   int64_t b)
{
	char text[256];

	if (a == b)
		return;
	snprintf(text, sizeof(text), "%s is %lld, not %lld", what, (long long)a,
		 (long long)b);
	contract_fail(file, line, text);
}

void contract_sleep(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

bool contract_wait(bool (*holds)(void *arg), void *arg, int ms)
{
	for (; ms > 0; ms -= STEP_MS) {
		if (holds(arg))
			return true;
		contract_sleep(STEP_MS);
	}
	return holds(arg);
}

static void run(const struct assertion *assertion)
{
	stage_begin();
	assertion->run();
}

int main(int argc, char **argv)
{
	const struct assertion *const *table;
	const struct assertion *a;

	if (argc != 2)
		return 2;
	for (table = tables; *table; table++)
		for (a = *table; a->name; a++) {
			if (strcmp(argv[1], "--list") == 0) {
				printf("%s\n", a->name);
			} else if (strcmp(argv[1], a->name) == 0) {
				run(a);
				return 0;
			}
		}
	return strcmp(argv[1], "--list") != 0;
}
