/* tests/sim/run.h - one seed, from an empty disk to a clean end. */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include "tests/sim/sim.h"

/* group: of several bridges. */
void run_seed(uint64_t seed, bool group, bool verbose, struct sim_stats *stats);

#endif
