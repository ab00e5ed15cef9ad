/* Each decision has an effect or an answer, and says whose: by its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"

struct written_at {
	enum written what;
	struct asked *asked;
	bool answered;
	bool optional; /* the topic before was read further than this */
};

static struct place {
	struct written_at *at;
	int64_t count, room;
	int64_t old_end; /* of the topics before this one */
} places[CLUSTER_PARTITIONS];

static bool were_lost;

static bool is_first_topic(void)
{
	const struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];

	return topic->generation == 1 && !topic->missing;
}

static struct written_at *at(int partition, int64_t offset)
{
	struct place *place = &places[partition];

	if (offset >= place->room) {
		int64_t room = 2 * offset + 64;

		place->at =
			realloc(place->at, (size_t)room * sizeof(*place->at));
		if (!place->at)
			abort();
		memset(place->at + place->room, 0,
		       (size_t)(room - place->room) * sizeof(*place->at));
		place->room = room;
	}
	if (offset >= place->count)
		place->count = offset + 1;
	return &place->at[offset];
}

static int64_t time_at(int partition, int64_t offset)
{
	const struct log_ *log =
		&cluster.topics[CLUSTER_DECISIONS].logs[partition];

	return offset < log->end ? log->records[offset]->at : sim.now;
}

/* Of several the first counts: by its place, not by when it was committed. In
 * different partitions (of a topic that has grown) none is before the other. */
static void decide(struct asked *asked, enum verdict verdict, int partition,
		   int64_t offset)
{
	bool first =
		asked->verdict == UNDECIDED ||
		(asked->decided_in == partition && offset < asked->decided_by);

	if (asked->verdict != UNDECIDED && asked->decided_in != partition)
		asked->unsure = true;
	if (first) {
		asked->verdict = verdict;
		asked->decided_at = time_at(partition, offset);
		asked->decided_in = partition;
		asked->decided_by = offset;
	}
	if (verdict == APPROVED) {
		asked->ever_approved = true;
		oracle_approved_path(asked->device);
	}
}

void oracle_wrote(int partition, int64_t offset, enum written what,
		  struct asked *asked, enum verdict verdict)
{
	struct written_at *w = at(partition, offset);

	if (asked)
		sim_trace(asked->id, partition, offset);
	w->what = what;
	w->asked = asked;
	w->optional = offset < places[partition].old_end;
	if (what != WROTE_DECISION || !asked)
		return;
	if (w->optional)
		asked->unsure = true;
	decide(asked, verdict, partition, offset);
}

/* May it be said of what is written there? A request that has ended may be
 * known no longer. */
static bool fits(const struct written_at *w, const char *outcome,
		 const struct asked *asked)
{
	bool unknown = strcmp(outcome, "unknown_request") == 0;
	bool mismatch = strcmp(outcome, "mismatch") == 0;

	switch (w->what) {
	case WROTE_DECISION:
		return w->asked == asked && !mismatch;
	case WROTE_UNKNOWN:
		return unknown;
	case WROTE_MISMATCH:
		return mismatch || unknown;
	case WROTE_RUBBISH:
		return strcmp(outcome, "dead letter") == 0;
	default:
		return false;
	}
}

void oracle_answered(const char *outcome, struct asked *asked, int partition,
		     int64_t offset)
{
	struct written_at *w;

	if (partition < 0 || partition >= CLUSTER_PARTITIONS)
		return;
	w = at(partition, offset);
	/* Else it may be about a record of the topic before. */
	if (is_first_topic() && !fits(w, outcome, asked))
		sim_find("wrong: %s for what is at %d:%lld (%d)", outcome,
			 partition, (long long)offset, (int)w->what);
	w->answered = true;
}

static void doubt(struct asked *asked)
{
	if (asked->verdict != UNDECIDED)
		asked->unsure = true;
}

void oracle_decisions_lost(void)
{
	int p;

	were_lost = true;
	oracle_each(doubt);
	for (p = 0; p < CLUSTER_PARTITIONS; p++) {
		struct place *place = &places[p];
		int64_t end = cluster.topics[CLUSTER_DECISIONS].logs[p].end;

		if (end > place->old_end)
			place->old_end = end;
		if (place->room > 0)
			memset(place->at, 0,
			       (size_t)place->room * sizeof(*place->at));
		place->count = 0;
	}
}

bool oracle_were_lost(void)
{
	return were_lost;
}

int oracle_unanswered(char *text, size_t room)
{
	int64_t offset;
	int p, n = 0;

	for (p = 0; p < CLUSTER_PARTITIONS; p++)
		for (offset = 0; offset < places[p].count; offset++) {
			const struct written_at *w = &places[p].at[offset];

			if (w->what == WROTE_NOTHING ||
			    w->what == WROTE_ABORTED || w->answered ||
			    w->optional)
				continue;
			if (n++ == 0)
				snprintf(text, room,
					 "lost: decision at %d:%lld for %s", p,
					 (long long)offset,
					 w->asked ? w->asked->id : "none");
		}
	return n;
}
