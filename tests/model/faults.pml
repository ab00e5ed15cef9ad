/*
 * What may happen, FAULTS times in all. After that everything must come to
 * rest, and at rest everything that was acknowledged is answered.
 *
 * A bridge that stops and goes on, one that is cut off from Kafka for a while,
 * and one with a full disk differ from one that is slow in one thing: Kafka
 * puts them out of the group.
 */
#define OTHER_STAYS(x) (step[OTHER(x)] != GONE && !cut_off[OTHER(x)])

inline crash(x)
{
	close(x);
	was_assigned[x] = false;
	leaving[x] = false;
	if
	:: membership[x] == IN -> membership[x] = FORMER
	:: else
	fi;
	if
	:: step[x] = DOWN
	:: OTHER_STAYS(x) && !cut_off[x] -> step[x] = GONE
	fi
}

inline lose_disk(x)
{
#ifdef WITHOUT_JOURNAL_ID
	journal[x].entries = 0;
#else
	disk_lost = disk_lost | BIT(journal_of[x]);
	journal_of[x] = journals;
	journals++;
#endif
	excuse()
}

#define FAULTS_OF(x) \
	:: atomic { left > 0 && step[x] >= STANDBY -> left--; crash(x) } \
	:: atomic { left > 0 && step[x] >= STANDBY -> left--; crash(x); \
		    lose_disk(x) } \
	:: atomic { left > 0 && step[x] >= STANDBY && membership[x] == IN -> \
		    left--; out_of_group(x) } \
	/* transaction.timeout.ms */ \
	:: atomic { left > 0 && open[x] && producer == x -> left--; \
		    open[x] = false; producer = NOBODY } \
	/* an error after which a transaction can only be aborted */ \
	:: atomic { left > 0 && step[x] == PRODUCED && open[x] && \
		    MAY_WRITE(x) -> \
		    left--; open[x] = false; roll_back(x) } \
	/* SIGTERM */ \
	:: atomic { left > 0 && step[x] == SERVING && !leaving[x] -> left--; \
		    leaving[x] = true; disconnect(x) } \
	/* a connection, or the MQTT broker and what is in its memory */ \
	:: atomic { left > 0 && intake == x -> left--; \
		    intake = NOBODY; requeue(); broker_forgets() } \
	/* cut off from the MQTT broker alone, for good */ \
	:: atomic { left > 0 && step[x] >= STANDBY && !cut_off[x] && \
		    OTHER_STAYS(x) -> left--; \
		    cut_off[x] = true; disconnect(x) }

active proctype faults()
{
	byte left = FAULTS;
	byte k, j, e;
	bool some;

	do
	FAULTS_OF(0)
	FAULTS_OF(1)
	:: atomic { left > 0 -> left = 0 }
	od
}
