/* What the store keeps in memory of its queues is what the database says:
 * looked at after each commit. */
#include "bridge/store/store.h"
#include "tests/sim/sim.h"

int __real_store_commit(struct store *store, int64_t now,
			struct ztp_error *error);
int __wrap_store_commit(struct store *store, int64_t now,
			struct ztp_error *error);
int __wrap_store_commit(struct store *store, int64_t now,
			struct ztp_error *error)
{
	int rc = __real_store_commit(store, now, error);

	if (rc == 0 && !store_queues_agree(store))
		sim_find("queues: what is to be tried is not what is stored");
	return rc;
}
