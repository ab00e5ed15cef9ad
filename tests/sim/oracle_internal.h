/* tests/sim/oracle_internal.h - what the oracle's files know of devices. */
#ifndef TESTS_SIM_ORACLE_INTERNAL_H
#define TESTS_SIM_ORACLE_INTERNAL_H

#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"

#define ORACLE_KNOWN_US (2 * SIM_S) /* until what Kafka says is in the store */

/* By its number: is there a request of it, and an end; was it approved? And by
 * the lower number of its path: when was the last result in Kafka made, and
 * when the newest (ms)? */
struct known {
	bool has_request, has_end, is_approved;
	bool is_renamed; /* asked for by an id that its event did not have */
	int64_t last, newest;
};

/* Has the topic of decisions gone? Then nobody who was asked before the bridge has
 * noticed is approved by a timeout. */
bool oracle_were_lost(void);
struct known *oracle_known(int device);
struct asked *oracle_add(const char *id, int device, int64_t deadline);
struct device *oracle_device_of(const struct record *record);
/* Was it decided in time, by what its record says? Where the wall clock is set,
 * that is not what the bridge goes by. */
bool oracle_in_time(const struct asked *asked);
/* May a timeout approve it: was it asked in time? And may anything? */
bool oracle_may_time_out(const struct asked *asked);
bool oracle_may_approve(const struct asked *asked);
/* It has ended, and where few are kept it may not be known any more. */
bool oracle_is_gone(const struct asked *asked);
/* Has it only been seen in turns of several bridges that were never committed? Its
 * candidate may have ended at the gate since. */
bool oracle_is_foreseen(const struct asked *asked);

#endif
