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

/*
 * What a read_uncommitted consumer was shown is shown again, unless the disk
 * that had it is lost or away. Without a gate that does not hold: an event
 * without PUBACK goes to the next bridge as well, which asks under another id.
 */
#ifdef SHOWN_AGAIN
#ifdef GATE
#define LOST_ID(id) false
#else
#define JOURNAL_OF_ID(id) ((id) % JOURNALS)
#define AWAY(x, j) (step[x] == GONE && journal_of[x] == j)
#define LOST_ID(id) \
	(HAS(disk_lost, JOURNAL_OF_ID(id)) || AWAY(0, JOURNAL_OF_ID(id)) || \
	 AWAY(1, JOURNAL_OF_ID(id)) || RECEIVED_TWICE)
/* Of the one input that this is searched with. */
#ifdef STRICTLY
#define RECEIVED_TWICE false
#else
#define RECEIVED_TWICE (journal[0].entries != 0 && journal[1].entries != 0)
#endif
#endif
#endif

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
#ifdef SHOWN_AGAIN
		for (k : 0 .. (IDS - 1)) {
			PROMISE(shown_again,
				!HAS(shown & ~committed.asked, k) ||
				LOST_ID(k))
		}
#endif
	}
}
