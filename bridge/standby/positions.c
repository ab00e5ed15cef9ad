#include "bridge/standby/positions.h"

#include "bridge/ledger/turns.h"
#include "bridge/store/store_state.h"

static bool add(void *arg, int partition, int64_t next)
{
	struct positions *p = arg;

	if (p->count == POSITIONS_MAX)
		return false;
	p->decisions[p->count].partition = partition;
	p->decisions[p->count].next = next;
	p->count++;
	return true;
}

void positions_read(struct positions *p, struct core *core, struct copy *copy,
		    bool whole)
{
	const struct config_topics *topics = &core->config->kafka.topics;
	struct store *store = copy_store(copy);

	*p = (struct positions){.state = whole ? copy_next(copy) : -1};
	if (!store)
		return;
	copy_birth(copy, p->birth);
	if (turns_taken_get(store, &p->journal, NULL) != 0 || p->journal < 0)
		p->journal = 0;
	store_offset_each(store, topics->decisions, add, p);
}
