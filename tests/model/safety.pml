/*
 * Where an event is. Without a gate, what has had its PUBACK has to be in a
 * request, in a journal on a disk that is there, or in ztp.journal.
 */
#ifdef GATE
#define all_safe()
#define excuse()
#define unleased(x, i)
#else
#define MY_JOURNAL_KEEPS(i, j, e) \
	(!HAS(disk_lost, j) && e < journal[j].entries && \
	 e >= committed.mark[j] && journal[j].input[e] == i)
#define HANDED_KEEPS(i, e) \
	(e >= committed.at_journal && e < handed_count && \
	 handed_entry[e] >= committed.mark[handed_journal[e]] && \
	 journal[handed_journal[e]].input[handed_entry[e]] == i)

inline find(i)
{
	some = (event[i] != DONE) || HAS(excused, i) ||
	       (committed.asked & IDS_OF(i)) != 0;
	for (j : 0 .. (JOURNALS - 1)) {
		for (e : 0 .. (INPUTS - 1)) {
			some = some || MY_JOURNAL_KEEPS(i, j, e)
		}
	}
	for (e : 0 .. (HANDED - 1)) {
		some = some || HANDED_KEEPS(i, e)
	}
	j = 0;
	e = 0
}

inline all_safe()
{
	d_step {
		for (k : 0 .. (INPUTS - 1)) {
			find(k);
			PROMISE(nothing_lost, some)
		}
		k = 0;
		some = false
	}
}

/* A disk is lost, and with it what nobody else had yet. That is allowed for
 * what a bridge took while it had its lease: at most 2 s of it. */
inline excuse()
{
	d_step {
		for (k : 0 .. (INPUTS - 1)) {
			find(k);
			if
			:: some || HAS(late_ack, k)
			:: else -> excused = excused | BIT(k)
			fi
		}
		k = 0;
		some = false
	};
	all_safe()
}

inline unleased(x, i)
{
	if
	:: lease[x] == NONE -> late_ack = late_ack | BIT(i)
	:: else
	fi
}
#endif

/* The memory of the MQTT broker is no concern without a gate: what it forgets
 * is beyond the bridges. */
inline broker_forgets()
{
#ifdef GATE
	if
	:: true
	:: d_step {
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: event[k] == QUEUED -> event[k] = DONE
			:: else
			fi
		}
		k = 0
	   }
	fi
#else
	skip
#endif
}
