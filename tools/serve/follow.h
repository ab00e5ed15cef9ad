/*
 * tools/serve/follow.h - which topics of decisions are read: first of all those
 * in which decisions about open requests are. What has ended is looked for only
 * so that a retry gets the first answer. One thread.
 */
#ifndef ZTP_SERVE_FOLLOW_H
#define ZTP_SERVE_FOLLOW_H

#include "tools/serve/book.h"
#include "tools/serve/decision_topics.h"

/* decision_topics_user.wants; its arg is the book. */
bool follow_wants(const void *book, const char *topic);
/* Is the topic of its decision read, or from now on? */
bool follow_request(struct decision_topics *topics,
		    const struct request *request,
		    const struct decision_topics_user *user);
/* All requests have been read for the first time. */
void follow_book(struct decision_topics *topics, const struct book *book,
		 const struct decision_topics_user *user);

#endif
