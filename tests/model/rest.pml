/*
 * At rest: no process has a step left, the faults are over. Since no step of
 * the model can be taken without end (pan -l looks for that), every run gets
 * here; so this says what happens in the end, from each state.
 */
#define ACTIVE(x) \
	(step[x] == SERVING && producer == x && first == x && \
	 membership[x] == IN && connected[x] && intake == x && \
	 lease[x] != NONE)

#define ENDED (committed.ended | committed.expired | \
	       (committed.approved & told))

/* Its event is on the disk of a machine that does not come back. */
#define ON_GONE_DISK(x, i, e) \
	(step[x] == GONE && e < ENTRIES(x) && \
	 e >= committed.mark[journal_of[x]] && \
	 journal[journal_of[x]].input[e] == i)

active proctype rest()
{
	byte k;

	timeout;
	atomic {
		PROMISE(one_active_in_the_end, ACTIVE(0) || ACTIVE(1));
		for (k : 0 .. (INPUTS - 1)) {
			PROMISE(all_answered,
				(ENDED & IDS_OF(k)) != 0 || HAS(excused, k) ||
				ON_GONE_DISK(0, k, 0) || ON_GONE_DISK(1, k, 0)
#if INPUTS > 1
				|| ON_GONE_DISK(0, k, 1)
				|| ON_GONE_DISK(1, k, 1)
#endif
				)
		}
	}
}
