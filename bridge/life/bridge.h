/*
 * bridge/life/bridge.h - the daemon's one object, and how its parts work together.
 *
 * One loop thread owns all state. Each turn of the loop:
 *
 *   collect  every part drains what its library has for it into a batch of
 *            bounded size (decisions, acknowledgements, answers)
 *   apply    inside one store transaction, each part does what its batch
 *            means; nothing of this is visible outside
 *   commit
 *   settle   the batches are let go, tallies are added up
 *   pump     effects: records to Kafka, commands to devices, offsets
 *
 * Between turns the loop takes a breath, so that what comes shares a turn
 * (loop_wait.c); events gather before they wake it (coalesce.h). And a transaction
 * that holds nothing but new requests is committed some turns later: what is
 * pumped before that, their records, can be told again by the journal, under
 * the same ids (store_commit_required).
 *
 * When apply or commit fails (a full disk), everything is rolled back, the
 * batches stay as they are and are applied again later: no input is lost and
 * no effect has happened. That is why nothing outside the batch structs, the
 * store and the tally may change during apply.
 *
 * Other threads: paho's receiving thread (bridge/mqtt/mqtt_in.c) appends to the
 * journal; the probe (bridge/kafka/probe.c) puts blocking questions to Kafka;
 * librdkafka's own. Each wakes the loop by an eventfd, the first also by a
 * timer (bridge/mqtt/coalesce.h). The store has one that nobody hears of, which writes
 * its log back (store_checkpoint.c).
 */
#ifndef BRIDGE_LIFE_BRIDGE_H
#define BRIDGE_LIFE_BRIDGE_H

#include "bridge/core/core.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

struct mqtt_in;
struct mqtt_out;
struct commands;
struct registrar;
struct producer;
struct consumer;
struct probe;
struct http;

struct bridge {
	struct core core; /* lent to every part below */
	char source[160]; /* ce_source of our records */

	struct store *store;
	struct journal *journal;
	struct journal_mark mark;  /* of this batch; the store has the truth */
	struct journal_mark entry; /* where the entry is that is looked at */
	/* Customers may have been asked about entries before this: by an
	 * earlier process, or in a transaction that was rolled back. */
	struct journal_mark told;

	struct mqtt_in *mqtt_in;
	struct mqtt_out *mqtt_out; /* joined by the two that follow */
	struct commands *commands;
	struct registrar *registrar; /* NULL: mqtt.registrar none */
	struct producer *producer;
	struct consumer *consumer;
	struct probe *probe;
	struct http *http;

	struct tally total; /* of what has been committed */
	int64_t horizon;    /* undecided requests due by then may expire */
	bool channels;	    /* command topics may be shared by two paths */
	bool blocked;	    /* max_requests holds the next event back */
	bool store_ok;	    /* the last transaction went through */
	bool disk_ok;	    /* there is room for the journal to go on */
};

#endif
