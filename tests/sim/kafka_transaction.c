/*
 * Transactions: the coordinator, and librdkafka's half as far as it is its
 * caller's.
 *
 * - An id has an epoch. init_transactions takes the next one, and whoever has an
 *   older one is fenced: what it writes or ends is refused.
 * - What the one before left open is aborted first, and what it was about to end
 *   is ended as it had asked. Until all markers are written the answer is "again",
 *   also to the first record of the next transaction.
 * - A transaction that takes longer than its timeout is aborted, and its producer
 *   is fenced in the same words.
 * - One in which nothing was sent is ended without asking, also by who is fenced.
 * - A request that is on the wire when its process dies, or is cut off, may arrive
 *   all the same. It is asked again, and means the same.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define IDS_MAX 8
#define AGAIN_US                                                               \
	(20 * SIM_MS) /* until CONCURRENT_TRANSACTIONS is asked again */
#define RESEND_US  (100 * SIM_MS)
#define CLEANUP_US (10 * SIM_S) /* between two looks for those that take long */

static struct txn_id {
	char name[80];
	struct transaction *open;  /* or being ended */
	struct transaction *ended; /* the last one */
	int epoch;
	bool ending, commits; /* the open one */
	bool committed;	      /* the ended one */
} ids[IDS_MAX];

static bool fences_nobody, waits_for_nothing;

void kafka_weaken(bool fences, bool waits)
{
	fences_nobody = fences;
	waits_for_nothing = waits;
}

void transactions_begin(void)
{
	memset(ids, 0, sizeof(ids));
}

static struct txn_id *find(const char *name)
{
	int i = 0;

	while (i < IDS_MAX && ids[i].name[0] && strcmp(ids[i].name, name) != 0)
		i++;
	if (i == IDS_MAX)
		abort();
	memcpy(ids[i].name, name, strlen(name) + 1);
	return &ids[i];
}

/* --- errors */

struct played_error {
	rd_kafka_resp_err_t code;
	bool fatal, retriable, aborts;
};

static rd_kafka_error_t *error_of(rd_kafka_resp_err_t code, bool fatal,
				  bool retriable, bool aborts)
{
	struct played_error error = {code, fatal, retriable, aborts};

	return (rd_kafka_error_t *)sim_copy(&error, sizeof(error));
}

static const struct played_error *played(const rd_kafka_error_t *error)
{
	return (const struct played_error *)error;
}

rd_kafka_resp_err_t rd_kafka_error_code(const rd_kafka_error_t *error)
{
	return error ? played(error)->code : RD_KAFKA_RESP_ERR_NO_ERROR;
}

const char *rd_kafka_error_string(const rd_kafka_error_t *error)
{
	return rd_kafka_err2str(played(error)->code);
}

int rd_kafka_error_is_fatal(const rd_kafka_error_t *error)
{
	return played(error)->fatal;
}

int rd_kafka_error_is_retriable(const rd_kafka_error_t *error)
{
	return played(error)->retriable;
}

int rd_kafka_error_txn_requires_abort(const rd_kafka_error_t *error)
{
	return played(error)->aborts;
}

void rd_kafka_error_destroy(rd_kafka_error_t *error)
{
	free(error);
}

/* --- the coordinator */

static void markers(void *arg, int64_t n)
{
	struct txn_id *id = arg;
	struct transaction *transaction = id->open;

	(void)n;
	if (!cluster_answers()) {
		sim_at(RESEND_US, markers, id, 0);
		return;
	}
	id->ended = transaction;
	id->committed = id->commits;
	id->open = NULL;
	id->ending = false;
	cluster_end(transaction, id->commits);
}

static void begin_end(struct txn_id *id, bool commits)
{
	sim_trace(commits ? "to be committed" : "to be aborted", id->epoch, 0);
	id->ending = true;
	id->commits = commits;
	id->open->decided_at = sim.now;
	sim_at(!sim.calm && sim_odds(sim.plan.late_markers)
		       ? sim_between(SIM_S, 30 * SIM_S)
		       : sim_delay(SIM_MS,
				   sim_odds(20) ? 2 * SIM_S : 60 * SIM_MS),
	       markers, id, 0);
}

static void takes_too_long(void *arg, int64_t n)
{
	struct transaction *transaction = arg;
	struct txn_id *id = &ids[n];

	if (id->open != transaction || id->ending)
		return;
	sim_input("transaction times out", id->epoch, 0);
	id->epoch++;
	begin_end(id, false);
}

enum verdict_of { DONE, AGAIN, REFUSED };

static enum verdict_of init(struct txn_id *id, struct handle *h)
{
	if (fences_nobody && id->epoch > 0) {
		h->txn.epoch = id->epoch;
		return DONE;
	}
	if (id->open && !id->ending) {
		id->epoch++;
		begin_end(id, false);
	}
	if (id->open && !waits_for_nothing)
		return AGAIN;
	h->txn.epoch = ++id->epoch;
	world_claims(h->of);
	sim_trace("epoch", id->epoch, h->of->number);
	return DONE;
}

static enum verdict_of end(struct txn_id *id, const struct handle *h,
			   bool commits)
{
	struct transaction *transaction = h->txn.transaction;

	if (id->epoch != h->txn.epoch)
		return REFUSED;
	if (id->open == transaction && !id->ending)
		begin_end(id, commits);
	else if (id->open == transaction
			 ? id->commits != commits
			 : id->ended == transaction && id->committed != commits)
		sim_find("a transaction is ended in two ways");
	return DONE;
}

/* Of the first batch of a transaction, and of each that follows. */
enum txn_verdict transaction_judge(struct batch *batch)
{
	struct handle *h = batch->handle;
	struct txn_id *id = find(h->txn.id);

	if (id->epoch != h->txn.epoch)
		return TXN_FENCED;
	if (batch->transaction == id->ended)
		return TXN_OVER;
	if (id->ending)
		return id->open == batch->transaction ? TXN_OVER : TXN_LATER;
	if (!id->open) {
		id->open = batch->transaction;
		id->open->open = true;
		sim_at(h->txn.timeout_us + sim_between(0, CLEANUP_US),
		       takes_too_long, id->open, id - ids);
	}
	return id->open == batch->transaction ? TXN_TAKE : TXN_OVER;
}

/* --- one request at a time, from the library to the coordinator and back */

static sim_event request_arrives, answer, resend;

static void send_request(struct handle *h)
{
	int64_t number = h->txn.request;

	sim_at(kafka_latency(), request_arrives, h, number);
	sim_at_of(h->of, RESEND_US + 4 * kafka_latency(), resend, h, number);
}

static bool is_open(const struct handle *h, int64_t number)
{
	return h->txn.request == number && !h->txn.answered &&
	       h->txn.asked != TXN_NOTHING;
}

static void resend(void *arg, int64_t number)
{
	struct handle *h = arg;

	if (handle_lives(h) && is_open(h, number))
		send_request(h);
}

static enum verdict_of judge(struct handle *h)
{
	struct txn_id *id = find(h->txn.id);

	if (h->txn.asked == TXN_INIT)
		return init(id, h);
	if (h->txn.asked == TXN_COMMIT)
		world_commits(h->of);
	return end(id, h, h->txn.asked == TXN_COMMIT);
}

/* What a process sent before it was cut off may arrive. */
static void request_arrives(void *arg, int64_t number)
{
	struct handle *h = arg;
	bool arrives = handle_reaches(h) ||
		       (cluster_answers() && h->of->deaf && sim_odds(2));
	enum verdict_of verdict;

	if (!arrives || !is_open(h, number))
		return;
	verdict = judge(h);
	if (verdict == AGAIN)
		sim_at(AGAIN_US, request_arrives, h, number);
	else
		sim_at_of(h->of, kafka_latency(), answer, h,
			  number << 1 | (verdict == REFUSED));
}

static void answer(void *arg, int64_t n)
{
	struct handle *h = arg;

	if (!handle_lives(h) || !is_open(h, n >> 1) || !handle_reaches(h))
		return; /* it is sent again */
	h->txn.answered = true;
	if (n & 1)
		transaction_fence(h);
	handle_wake(h);
}

void transaction_fence(struct handle *h)
{
	int t;

	if (!handle_lives(h) || h->fatal)
		return;
	sim_input("fenced", h->of->number, h->txn.epoch);
	h->fatal = RD_KAFKA_RESP_ERR__FENCED;
	for (t = 0; t < cluster.count; t++)
		producer_fail(h, t, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
			      RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
	handle_wake(h);
}

static bool is_answered(void *arg)
{
	const struct handle *h = arg;

	return h->txn.answered || h->fatal;
}

static rd_kafka_error_t *fatal(const struct handle *h)
{
	return error_of(h->fatal, true, false, false);
}

/* What is asked again goes on where it was. */
static rd_kafka_error_t *ask(struct handle *h, enum txn_request what,
			     int timeout_ms)
{
	struct txn *txn = &h->txn;

	if (txn->asked != what) {
		txn->asked = what;
		txn->answered = false;
		txn->request++;
		send_request(h);
	}
	handle_await(h, is_answered, sim.now + timeout_ms * SIM_MS);
	if (h->fatal)
		return fatal(h);
	if (!txn->answered)
		return error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, false, true,
				false);
	txn->asked = TXN_NOTHING;
	return NULL;
}

/* --- the library's calls */

rd_kafka_error_t *rd_kafka_init_transactions(rd_kafka_t *rk, int timeout_ms)
{
	sim_point();
	return ask((struct handle *)rk, TXN_INIT, timeout_ms);
}

/* message.timeout.ms is transaction.timeout.ms. */
static void records_take_too_long(void *arg, int64_t request)
{
	struct handle *h = arg;
	int t;

	if (!handle_lives(h) || h->fatal || h->txn.request != request ||
	    !h->txn.transaction || h->messages == 0)
		return;
	sim_trace("records time out", h->messages, 0);
	for (t = 0; t < cluster.count; t++)
		producer_fail(h, t, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
			      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
}

rd_kafka_error_t *rd_kafka_begin_transaction(rd_kafka_t *rk)
{
	struct handle *h = (struct handle *)rk;
	struct txn *txn = &h->txn;

	sim_point();
	if (h->fatal)
		return fatal(h);
	txn->transaction = sim_alloc(sizeof(*txn->transaction));
	txn->sent = txn->failed = false;
	txn->request++;
	sim_at_of(h->of, txn->timeout_us, records_take_too_long, h,
		  txn->request);
	return NULL;
}

static bool is_flushed(struct handle *h, int timeout_ms)
{
	return rd_kafka_flush((rd_kafka_t *)h, timeout_ms) ==
	       RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_error_t *end_it(struct handle *h, enum txn_request how,
				int timeout_ms)
{
	struct txn *txn = &h->txn;
	rd_kafka_error_t *error = txn->sent ? ask(h, how, timeout_ms) : NULL;

	if (!error)
		txn->transaction = NULL;
	return error;
}

rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;

	sim_point();
	if (!h->fatal && !is_flushed(h, timeout_ms))
		return error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, false, true,
				false);
	if (h->fatal)
		return fatal(h);
	if (h->txn.failed)
		return error_of(RD_KAFKA_RESP_ERR__STATE, false, false, true);
	return end_it(h, TXN_COMMIT, timeout_ms);
}

rd_kafka_error_t *rd_kafka_abort_transaction(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;
	int t;

	sim_point();
	if (h->fatal)
		return fatal(h);
	for (t = 0; t < cluster.count; t++)
		producer_fail(h, t, RD_KAFKA_RESP_ERR__PURGE_QUEUE, 0);
	if (!is_flushed(h, timeout_ms))
		return error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, false, true,
				false);
	if (h->fatal)
		return fatal(h);
	return end_it(h, TXN_ABORT, timeout_ms);
}
