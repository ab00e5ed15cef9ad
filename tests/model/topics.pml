/*
 * The topics that bridges read, as the order in which they have to.
 */

/* ztp.decisions. The customer answers an id once, and again if it is asked
 * after an unknown_request. */
byte decisions[2 * IDS];
byte decision_count;
#ifdef DEADLINE		/* the customer's transactions may stay open */
byte decisions_stable;
#else
#define decisions_stable decision_count
#endif

/* ztp.journal: which entry of which journal. */
#define HANDED (2 * INPUTS)
byte handed_journal[HANDED];
byte handed_entry[HANDED];
byte handed_count;
