/* tests/sim/plan.h - what a seed decides before its run begins. */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "bridge/config/config.h"

void plan_draw(bool group);		/* into sim.plan */
struct config *plan_config(int bridge); /* the bridge's, as planned */

#endif
