/*
 * tools/approver/chosen.h - the requests that decide --all is to decide. Of several
 * announcements of a request the last one counts: its subscription may have moved
 * to another bridge, which reads its decisions from another topic. So none can be
 * decided before the topic has been read to its end, and of each there is kept what
 * a decision needs, and no more: there may be a million.
 */
#ifndef ZTP_APPROVER_CHOSEN_H
#define ZTP_APPROVER_CHOSEN_H

#include "tools/common/ask.h"
#include "tools/serve/table.h"

/* Embedded by its owner; starts as zeros. */
struct chosen {
	struct table by_id;
	struct one *first, **end; /* owned; in the order in which they came */
};

/* Where an announcement stands: in another partition than the one before, if the
 * topic has grown in between. Then its time says which is the last. */
struct announced {
	int32_t partition;
	int64_t at; /* ms */
};

/* Notes an announcement; wanted: it is open, and matches. False: no memory. */
bool chosen_note(struct chosen *chosen, const struct ztp_ask *ask,
		 const struct announced *where, bool wanted);

/* Calls visit for each request whose last announcement was wanted, until it
 * returns other than 0, which is returned. *ask has what --approve and --reject
 * need: ids, path, fingerprint and topic. */
typedef int chosen_visit(void *arg, const struct ztp_ask *ask,
			 struct ztp_error *error);
int chosen_each(const struct chosen *chosen, chosen_visit *visit, void *arg,
		struct ztp_error *error);
void chosen_clear(struct chosen *chosen);

#endif
