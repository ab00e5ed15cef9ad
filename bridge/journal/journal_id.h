/*
 * bridge/journal/journal_id.h - the name of a store's journal among those of
 * several bridges: random, and in a file of its own beside the journal's, since
 * the store may be thrown away and the journal may not.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_ID_H
#define BRIDGE_JOURNAL_JOURNAL_ID_H

#include "ztp/error.h"

#define JOURNAL_ID_LEN 33 /* including the NUL */

/* Reads it, or makes it, durable, if there is none. base: as for journal_open.
 * Before any entry is written. */
int journal_id(char id[JOURNAL_ID_LEN], const char *base,
	       struct ztp_error *error);
/* Another one: what its mark says is not of this journal any more. */
int journal_id_renew(char id[JOURNAL_ID_LEN], const char *base,
		     struct ztp_error *error);

#endif
