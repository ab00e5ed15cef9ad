/*
 * What others are told after a commit: ackPending, createDevice, the command.
 * All of it is idempotent by request id, so all that is owed is told each time,
 * at once: who crashes between two of them tells both again.
 *
 * The bridge looks at its lease and hands over in one step. A real one can be
 * stopped between the two, and what is in its socket arrives later still. What
 * that may cost is what `WITHOUT_LEASE` without the promise `zombie_silent`
 * shows: nothing that is promised besides.
 */
#ifdef WITHOUT_LEASE
#define HAS_LEASE(x) true
#else
#define HAS_LEASE(x) (lease[x] != NONE)
#endif

#ifdef MAY_SPEAK
#define SILENT(x)
#else
#define SILENT(x) \
	PROMISE(zombie_silent, !(SERVES(OTHER(x)) && producer != x))
#endif

/* After `left` the next one waits for nobody, so nothing is told any more; the
 * next one tells what is owed. */
#ifdef WITHOUT_SILENCE_AFTER_LEFT
#define TELLS(x) true
#else
#define TELLS(x) (!believed[x].left)
#endif

/* What the turn says before it is committed. */
#ifdef WITHOUT_COMMIT_BEFORE_EFFECTS
#define TELL_TOO_EARLY(x) \
	rows_copy(believed[x], turn[x]); tell(x); \
	rows_copy(believed[x], committed)
#else
#define TELL_TOO_EARLY(x)
#endif

inline tell(x)
{
	d_step {
		if
		:: believed[x].asked != 0 -> SILENT(x)
		:: else
		fi;
#ifdef GATE
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: believed[x].asked & IDS_OF(k) ->
				acked = acked | BIT(k);
				PROMISE(nothing_lost,
					committed.asked & IDS_OF(k))
			:: else
			fi
		}
		k = 0;
#endif
		told = told | believed[x].approved;
		PROMISE(one_approval, (told & (told - 1)) == 0)
	}
}
