#include "tools/serve/follow.h"

#include "base/clock.h"

/* Is it open, or decided and without a result? */
static bool needs_topic(const struct request *request)
{
	return !request->ended &&
	       (request->decided || request_is_open(request, ztp_clock_wall()));
}

bool follow_wants(const void *arg, const char *topic)
{
	const struct book *book = arg;

	for (size_t i = 0; i < book->open_count; i++)
		if (book->open[i]->decisions == topic &&
		    needs_topic(book->open[i]))
			return true;
	return false;
}

/* Without a topic its record has not been read: the one that is set is meant. */
bool follow_request(struct decision_topics *topics,
		    const struct request *request,
		    const struct decision_topics_user *user)
{
	return !request->decisions ||
	       decision_topics_follow(topics, request->decisions, request->id,
				      needs_topic(request), user);
}

/* Of those that have ended the latest come first. */
void follow_book(struct decision_topics *topics, const struct book *book,
		 const struct decision_topics_user *user)
{
	for (size_t i = 0; i < book->open_count; i++)
		(void)follow_request(topics, book->open[i], user);
	for (const struct request *one = book->newest; one; one = one->older)
		(void)follow_request(topics, one, user);
}
