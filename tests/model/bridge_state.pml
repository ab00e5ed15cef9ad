/*
 * What a bridge knows, without its rows (rows.pml). All of it is gone after a
 * crash, except the journal.
 */
#define GONE 0		/* for good */
#define DOWN 1		/* comes back */
#define STANDBY 2
#define FENCING 3	/* assigned and checked; init_transactions is next */
#define CLAIMING 4	/* check again, read to the end, write `active` */
#define WAITING 5	/* until a lease has passed */
#define SERVING 6	/* between turns */
#define PRODUCED 7	/* the turn's records are in Kafka, open */
#define COMMITTED 8	/* Kafka has committed; the bridge does not know */
#define EFFECTS 9	/* it knows, and nobody outside does */
byte step[2];
#define SERVES(x) (step[x] >= SERVING)

/*
 * The lease. Since there is no time, a turn's begin is either before the other
 * bridge's init_transactions, or after. When the other one has waited for a
 * lease, those before have run out.
 */
#define NONE 0
#define OLDER 1
#define NEWER 2
byte begun[2];		/* the present turn */
byte lease[2];		/* the last committed one */

bool may_connect[2];	/* a turn that began after the loss is committed */
bool after_loss[2];	/* the present turn is one */
bool leaving[2];
bool was_assigned[2];	/* and has not lost that since */

/* After an abort: what has to be taken before decisions are. */
byte wait_mark[2];
byte wait_handed[2];

typedef Journal {
	byte entries;
	byte input[INPUTS]
};
Journal journal[JOURNALS];
byte journal_of[2];
byte journals = 2;	/* how many there have been */
byte disk_lost;		/* set of journals */
byte handed_over[2];	/* up to here, by this process */

#define ENTRIES(x) journal[journal_of[x]].entries
#define MY_INPUT(x, e) journal[journal_of[x]].input[e]
