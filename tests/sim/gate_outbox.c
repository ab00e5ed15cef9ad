/* What the played gate says of devices and in answers goes out when its database
 * has been written, some milliseconds later, in the order in which it was said. */
#include "tests/sim/broker.h"
#include "tests/sim/gate.h"
#include "tests/sim/sim.h"

#define COMMIT_MAX (12 * SIM_MS)

struct said {
	const char *topic;
	char *text;
	size_t len;
};

static int64_t last; /* when the last one goes out */

static void go_out(void *arg, int64_t n)
{
	const struct said *said = arg;

	(void)n;
	broker_tell(said->topic, said->text, said->len, 1);
}

void gate_say(const char *topic, const char *text, size_t len)
{
	struct said said = {topic, sim_copy(text, len), len};
	int64_t at = sim.now + sim_delay(0, COMMIT_MAX);

	if (at <= last)
		at = last + 1;
	last = at;
	sim_at(at - sim.now, go_out, sim_copy(&said, sizeof(said)), 0);
}
