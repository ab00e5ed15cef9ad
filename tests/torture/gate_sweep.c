/* A registry is deleted that has more candidates than end in one turn. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/candidates.h"
#include "tests/torture/gate_calls.h"
#include "tests/torture/gate_life.h"

#define SWEPT "subscriptions/acme/registries/swept/devices/"
#define NAME  "acme/swept"
#define MANY  300 /* more than two pages */
#define DAY   (24 * 3600 * 1000LL)

static struct ztp_registry *registry(void)
{
	struct ztp_gate *gate = life.f->gate;

	return ztp_registries_find(gate->registries, NAME, strlen(NAME));
}

/* They ask for nothing, so it does not matter if some are lost. */
static void put_many(void)
{
	struct ztp_gate *gate = life.f->gate;
	int64_t now = ztp_clock_wall();
	struct ztp_candidate candidate = {
		.acked = true,
		.seen_at = now,
		.not_after = now + DAY,
		.der = (const uint8_t *)"",
	};
	int i;

	for (i = 0; registry() && i < MANY; i++) {
		snprintf(candidate.id, sizeof(candidate.id), "many-%d", i);
		snprintf(candidate.path, sizeof(candidate.path),
			 SWEPT "many-%d", i);
		(void)ztp_candidates_put(gate->db, registry(), &candidate,
					 false, NULL);
	}
	life_tick();
}

void life_delete_many(void)
{
	struct mosquitto *held;

	life_order("createRegistry", "\"registry\":\"" NAME "\"");
	life_add_ca(NAME);
	held = life_wait_for(SWEPT "x", 0, LIFE_PENDING, SWEPT "x", true);
	put_many();
	life_insist("\"command\":\"deleteRegistry\",\"registry\":\"" NAME "\"",
		    "\"code\":\"OK\"", "NOT_FOUND");
	life_shut_out(gate_first(life.f, SWEPT "x", 0),
		      "a device whose registry was deleted");
	life_part(held);
}

/* Nothing fails any more. */
void life_check_deleted(void)
{
	static const char left[] =
		"SELECT (SELECT count(*) FROM candidates WHERE registry = "
		"'" NAME "') + (SELECT count(*) FROM sweeps)";
	int i;

	for (i = 0; i < LIFE_TRIES && gate_number(life.f, left) > 0; i++) {
		gate_calls_pass(LIFE_AGAIN_MS);
		life_tick();
	}
	if (i == LIFE_TRIES)
		campaign_find(life.run, "candidates of a deleted registry: %d",
			      (int)gate_number(life.f, left));
	if (registry())
		campaign_find(life.run, "a deleted registry is there again");
	life_order("createRegistry", "\"registry\":\"" NAME "\"");
	life_add_ca(NAME);
	life_part(life_wait_for(SWEPT "x", 0, LIFE_PENDING, SWEPT "x", true));
}
