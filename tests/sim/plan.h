/* tests/sim/plan.h - what a seed decides before its run begins. */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "bridge/config/config.h"

void plan_draw(void);		  /* into sim.plan */
struct config *plan_config(void); /* the bridge's, as planned */

#endif
