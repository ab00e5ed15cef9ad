/*
 * The group of bridges: its coordinator, and a member's half of librdkafka.
 *
 * - Whoever joins, leaves or is missed makes the group meet: each member is asked
 *   to give back what it has and to join again, by the answer to its heartbeat.
 *   One that does not until the rebalance timeout (max.poll.interval.ms, here the
 *   session's) is left out. Then there is a new generation.
 * - The partition goes to the first by member id, which begins with the
 *   client.id (librdkafka's roundrobin); the others get an empty assignment.
 * - A commit is taken from members of the present generation only.
 * - A member that is no more learns by its next heartbeat or commit. The library
 *   says that the assignment is lost, and when that is answered joins anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define SEATS_MAX 16

static struct seat {
	struct handle *h; /* NULL: free */
	char id[256];
	int64_t number; /* counts those who came */
	int64_t heard, session_us;
	bool joined;   /* it waits for the others */
	bool assigned; /* the partition, in this generation */
} seats[SEATS_MAX];

/* us: when the last seat of each process was taken away */
static int64_t gone_at[PROCESSES_MAX];
static int64_t seats_given;
static int generation;
static bool meeting; /* members are to join again */
static int64_t meets_by;

static sim_event heartbeat, join, joins, miss;

void members_begin(void)
{
	memset(seats, 0, sizeof(seats));
	memset(gone_at, 0, sizeof(gone_at));
	generation = 0;
	meeting = false;
}

static struct seat *seat_of(const struct handle *h)
{
	int i;

	for (i = 0; i < SEATS_MAX; i++)
		if (seats[i].h == h &&
		    strcmp(seats[i].id, h->membership.id) == 0)
			return &seats[i];
	return NULL;
}

static void tell(struct handle *h, rd_kafka_resp_err_t what, int partitions)
{
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_REBALANCE);

	event->err = what;
	event->list = rd_kafka_topic_partition_list_new(1);
	if (partitions > 0)
		rd_kafka_topic_partition_list_add(
			event->list, cluster.topics[CLUSTER_STATE].name, 0);
}

/* --- the coordinator */

static void assign(void *arg, int64_t n)
{
	struct handle *h = arg;
	struct membership *m = &h->membership;

	if (!handle_lives(h) || !m->syncing || m->closing ||
	    n >> 1 != m->request)
		return;
	if (!handle_reaches(h)) { /* it joins again, with the id that it has */
		m->syncing = false;
		m->joining = true;
		sim_at_of(h->of, SIM_S, join, h, ++m->request);
		return;
	}
	m->syncing = false;
	m->lost = false;
	h->member = true;
	sim_input("assigned", h->of->number, n & 1);
	tell(h, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, (int)(n & 1));
}

static struct seat *first_seat(void)
{
	struct seat *first = NULL;
	int i;

	for (i = 0; i < SEATS_MAX; i++)
		if (seats[i].h &&
		    (!first || strcmp(seats[i].id, first->id) < 0))
			first = &seats[i];
	return first;
}

static void clear(struct seat *seat)
{
	gone_at[seat->h->of->number] = sim.now;
	seat->h = NULL;
}

/* All have come, or it is late. */
static void conclude(void)
{
	const struct seat *first;
	int i;

	for (i = 0; i < SEATS_MAX; i++)
		if (seats[i].h && !seats[i].joined)
			clear(&seats[i]);
	meeting = false;
	generation++;
	first = first_seat();
	for (i = 0; i < SEATS_MAX; i++) {
		struct seat *seat = &seats[i];
		struct membership *m;

		if (!seat->h)
			continue;
		m = &seat->h->membership;
		seat->joined = false;
		seat->heard = sim.now;
		seat->assigned = seat == first;
		m->generation = generation;
		m->joining = false;
		m->syncing = true;
		sim_at_of(seat->h->of, 3 * kafka_latency(), assign, seat->h,
			  m->request << 1 | seat->assigned);
	}
}

static void look(void *arg, int64_t n)
{
	int i;

	(void)arg;
	(void)n;
	if (!meeting)
		return;
	for (i = 0; i < SEATS_MAX && sim.now < meets_by; i++)
		if (seats[i].h && !seats[i].joined)
			return;
	conclude();
}

static void meet(void)
{
	int64_t longest = 0;
	int i;

	if (meeting)
		return;
	meeting = true;
	for (i = 0; i < SEATS_MAX; i++)
		if (seats[i].h && seats[i].session_us > longest)
			longest = seats[i].session_us;
	meets_by = sim.now + longest;
	sim_at(longest, look, NULL, 0);
}

static void drop(struct seat *seat)
{
	clear(seat);
	meet();
	look(NULL, 0);
}

/* Has its session ended? */
static void miss(void *arg, int64_t n)
{
	struct seat *seat = arg;
	int64_t left = seat->heard + seat->session_us - sim.now;

	if (!seat->h || seat->number != n)
		return;
	if (left > 0 || seat->joined) {
		sim_at(left > 0 ? left : seat->session_us, miss, seat, n);
		return;
	}
	sim_input("missed", seat->h->of->number, 0);
	drop(seat);
}

/* A member's JoinGroup has come. */
static void joins(void *arg, int64_t request)
{
	struct handle *h = arg;
	struct membership *m = &h->membership;
	struct seat *seat = seat_of(h);

	if (!handle_reaches(h) || m->request != request || !m->joining)
		return;
	if (!seat) {
		for (seat = seats; seat->h; seat++)
			if (seat == &seats[SEATS_MAX - 1])
				abort();
		snprintf(m->id, sizeof(m->id), "%s-%016llx", m->client_id,
			 (unsigned long long)sim_random());
		*seat = (struct seat){.h = h,
				      .number = ++seats_given,
				      .session_us = m->session_us};
		memcpy(seat->id, m->id, sizeof(seat->id));
		seat->heard = sim.now;
		sim_at(m->session_us, miss, seat, seat->number);
	}
	meet();
	seat->joined = true;
	seat->heard = sim.now;
	/* Others may come at the same moment. */
	sim_at(kafka_latency(), look, NULL, 0);
}

/* --- the library's half */

static void join(void *arg, int64_t request)
{
	struct handle *h = arg;
	struct membership *m = &h->membership;

	if (!handle_lives(h) || m->closing || m->request != request ||
	    !m->joining)
		return;
	sim_at(kafka_latency(), joins, h, request);
	/* Not answered: once more. */
	sim_at_of(h->of, 2 * SIM_S, join, h, request);
}

static void begin_join(struct handle *h)
{
	struct membership *m = &h->membership;

	m->joining = true;
	m->request++;
	sim_at_of(h->of, kafka_latency(), join, h, m->request);
}

void member_subscribe(struct handle *h)
{
	h->subscribed = true;
	begin_join(h);
	sim_at_of(h->of, h->membership.heartbeat_us, heartbeat, h, 0);
}

static void revoke(struct handle *h, bool lost)
{
	struct seat *seat = seat_of(h);

	h->revoking = true;
	h->membership.lost = lost;
	tell(h, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, seat && seat->assigned);
}

static void be_unknown(struct handle *h)
{
	struct membership *m = &h->membership;

	if (h->revoking && m->lost)
		return;
	sim_input("unknown member", h->of->number, 0);
	m->generation = 0;
	m->id[0] = '\0';
	if (h->member)
		revoke(h, true);
	h->member = false;
}

/* There and back; what is lost on the way is said again by the next one. */
static void heard(void *arg, int64_t n)
{
	struct handle *h = arg;
	struct seat *seat = seat_of(h);

	(void)n;
	if (!handle_lives(h) || !handle_reaches(h) || h->membership.closing ||
	    !h->member || h->revoking)
		return;
	if (!seat || h->membership.generation != generation)
		be_unknown(h);
	else if (meeting && !seat->joined)
		revoke(h, false);
}

static void heard_there(void *arg, int64_t n)
{
	struct handle *h = arg;
	struct seat *seat = seat_of(h);

	(void)n;
	if (!handle_reaches(h) && !(h->of->deaf && cluster_answers()))
		return;
	if (seat && sim.now < seat->heard + seat->session_us)
		seat->heard = sim.now;
}

static void heartbeat(void *arg, int64_t n)
{
	struct handle *h = arg;

	(void)n;
	if (!handle_lives(h) || h->membership.closing)
		return;
	sim_at_of(h->of, h->membership.heartbeat_us, heartbeat, h, 0);
	if (!handle_reaches(h))
		return;
	sim_at(kafka_latency(), heard_there, h, 0);
	sim_at_of(h->of, 2 * kafka_latency(), heard, h, 0);
}

/* It has given back what it had, and joins again. */
void member_answer_revoked(struct handle *h)
{
	if (!h->revoking)
		return;
	h->revoking = h->member = false;
	if (!h->membership.closing)
		begin_join(h);
}

static void leaves(void *arg, int64_t n)
{
	struct handle *h = arg;
	struct seat *seat = seat_of(h);

	(void)n;
	if (seat && kafka_reaches(h->of))
		drop(seat);
}

static void has_left(void *arg, int64_t n)
{
	(void)n;
	((struct handle *)arg)->left = true;
}

void member_close(struct handle *h)
{
	h->membership.closing = true;
	h->revoking = false;
	sim_at(kafka_latency(), leaves, h, 0);
	if (handle_reaches(h))
		sim_at_of(h->of, 2 * kafka_latency(), has_left, h, 0);
}

char *rd_kafka_memberid(const rd_kafka_t *rk)
{
	const struct handle *h = (const struct handle *)rk;

	return strdup(h->membership.id);
}

void rd_kafka_mem_free(rd_kafka_t *rk, void *p)
{
	(void)rk;
	free(p);
}

int rd_kafka_assignment_lost(rd_kafka_t *rk)
{
	return ((struct handle *)rk)->membership.lost;
}

/* --- the check: a commit */

struct commit {
	struct handle *h;
	struct queue *queue;
	void *opaque;
	char id[256];
	int generation;
	rd_kafka_resp_err_t err;
	int64_t state; /* the position in ztp.state; 0: none */
	char birth[128];
};

static void commit_answered(void *arg, int64_t n)
{
	struct commit *c = arg;
	struct event *event;

	(void)n;
	if (!handle_lives(c->h))
		return;
	if (!handle_reaches(c->h))
		c->err = RD_KAFKA_RESP_ERR__TRANSPORT;
	sim_input("check", c->h->of->number, c->err);
	event = queue_add(c->queue, RD_KAFKA_EVENT_OFFSET_COMMIT);
	event->err = c->err;
	event->opaque = c->opaque;
	if (c->err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
		be_unknown(c->h);
}

static void commits(void *arg, int64_t n)
{
	struct commit *c = arg;
	int i = 0;

	(void)n;
	if (!kafka_reaches(c->h->of)) {
		sim_at_of(c->h->of, SIM_S, commit_answered, c, 0);
		return;
	}
	while (i < SEATS_MAX &&
	       !(seats[i].h && strcmp(seats[i].id, c->id) == 0))
		i++;
	if (i == SEATS_MAX)
		c->err = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
	else if (c->generation != generation)
		c->err = RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
	else
		c->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!c->err && c->state > 0) {
		cluster.state_next = c->state;
		memcpy(cluster.state_birth, c->birth, sizeof(c->birth));
	}
	sim_at_of(c->h->of, kafka_latency(), commit_answered, c, 0);
}

/* The others are for people's eyes. */
static void take_state(struct commit *c,
		       const rd_kafka_topic_partition_list_t *offsets)
{
	for (int i = 0; i < offsets->cnt; i++) {
		const rd_kafka_topic_partition_t *part = &offsets->elems[i];

		if (cluster_find(part->topic) != &cluster.topics[CLUSTER_STATE])
			continue;
		c->state = part->offset;
		snprintf(c->birth, sizeof(c->birth), "%.*s",
			 (int)part->metadata_size,
			 part->metadata ? (const char *)part->metadata : "");
	}
}

rd_kafka_resp_err_t rd_kafka_commit_queue(
	rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
	rd_kafka_queue_t *queue,
	void (*cb)(rd_kafka_t *rk, rd_kafka_resp_err_t err,
		   rd_kafka_topic_partition_list_t *offsets, void *opaque),
	void *opaque)
{
	struct handle *h = (struct handle *)rk;
	struct commit commit = {.h = h,
				.queue = ((struct lent *)queue)->queue,
				.opaque = opaque,
				.generation = h->membership.generation};

	(void)cb;
	take_state(&commit, offsets);
	sim_point();
	memcpy(commit.id, h->membership.id, sizeof(commit.id));
	sim_at(kafka_latency(), commits, sim_copy(&commit, sizeof(commit)), 0);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void *rd_kafka_event_opaque(rd_kafka_event_t *event)
{
	return ((struct event *)event)->opaque;
}

/* --- who is there */

int members_seated(struct handle *members[], bool assigned[], int max)
{
	int i, n = 0;

	for (i = 0; i < SEATS_MAX && n < max; i++)
		if (seats[i].h) {
			members[n] = seats[i].h;
			assigned[n++] = seats[i].assigned;
		}
	return n;
}

int64_t member_seen(const struct process *of)
{
	int i;

	for (i = 0; i < SEATS_MAX; i++)
		if (seats[i].h && seats[i].h->of == of)
			return sim.now;
	return gone_at[of->number];
}
