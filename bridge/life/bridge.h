/*
 * bridge/life/bridge.h - the daemon's main object, and how its parts work
 * together.
 *
 * One loop thread owns all state. Each turn of the loop has these steps:
 *
 *   collect  every part reads what its library has for it into a batch
 *            of bounded size (decisions, acknowledgements, answers)
 *   apply    inside one store transaction, each part applies its batch;
 *            nothing of this is visible outside
 *   commit
 *   settle   the batches are released, the tallies are added up
 *   pump     effects: records to Kafka, commands to devices, offsets
 *
 * Between turns the loop waits a few ms so that events arriving close
 * together share one turn (loop_wait.c). Before that, events coalesce in
 * the receiving thread (coalesce.h). core/batching.h has all these times and
 * what each is worth. A transaction that holds nothing but
 * new requests is committed several turns later. Their records are sent
 * before that commit: the journal can replay the requests under the same
 * ids (store_commit_required).
 *
 * When apply or commit fails (a full disk), everything is rolled back. The
 * batches stay as they are and are applied again later: no input is lost
 * and no effect has happened. For this reason apply may change nothing but
 * the batch structs, the store and the tally.
 *
 * Other threads: paho's receiving thread (bridge/mqtt/mqtt_in.c) appends to
 * the journal; the probe (bridge/kafka/probe.c) sends blocking queries to
 * Kafka; and librdkafka has threads of its own. Each wakes the loop by an
 * eventfd. The store
 * has a thread that writes its WAL back (store_checkpoint.c); it never
 * wakes the loop.
 */
#ifndef BRIDGE_LIFE_BRIDGE_H
#define BRIDGE_LIFE_BRIDGE_H

#include "bridge/core/core.h"
#include "bridge/core/group_status.h"
#include "bridge/core/outages.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

struct ledger;
struct mqtt_in;
struct mqtt_out;
struct broker_probe;
struct commands;
struct registrar;
struct producer;
struct consumer;
struct probe;
struct http;
struct verdicts;
struct history;

struct bridge {
	struct core core; /* every part below gets a pointer to it */
	char source[160]; /* ce_source of the bridge's records */

	struct store *store;
	struct ledger *ledger; /* of records; ledger.h says whose */
	struct journal *journal;
	struct journal_mark mark;  /* after this batch; not committed yet */
	struct journal_mark entry; /* of the entry that is being applied */
	/* Customers may have been asked about entries before this mark: by an
	 * earlier process, or in a transaction that was rolled back. */
	struct journal_mark told;
	int64_t told_max; /* max_requests then (told_bound.h); 0: as now */
	bool told_max_unnoted;
	bool handed; /* the entry is out of another bridge's journal */

	struct mqtt_in *mqtt_in;
	struct mqtt_out *mqtt_out;	   /* the next three are its users */
	struct broker_probe *broker_probe; /* NULL: nothing to ask */
	struct commands *commands;
	struct registrar *registrar; /* NULL with mqtt.registrar none */
	struct producer *producer;
	struct consumer *consumer;
	struct probe *probe;
	struct http *http;
	struct verdicts *verdicts; /* the gate's, seen in its audit */
	struct history *history;   /* of the counters in total */

	/* NULL for one that is not one of several. standing: it is not active,
	 * so that it has but what the pages show, and store is a copy, or NULL. */
	struct group_status *group;
	bool standing;

	/* Until then a topic is known to take no record without a key
	 * (records.h); 0: it is not. */
	int64_t keyless_until[STORE_TOPIC_END];
	struct outages outages; /* of the parts that /readyz names */
	struct log_limit shared_decisions;
	struct tally total; /* of everything committed */
	/* Until then decisions for unknown ids are held (held.h); 0: never. */
	int64_t hold_until;
	int64_t horizon; /* undecided requests due by then may expire */
	bool channels;	 /* two paths may share a command topic */
	bool comparing;	 /* the requests' command topics (channels.h) */
	/* decision_topic.h: its name is another one than at the last start, and
	 * is not noted yet. */
	bool topic_changed, topic_unnoted;
	bool blocked;  /* max_requests blocks the next event */
	bool store_ok; /* the last transaction succeeded */
	bool disk_ok;  /* the disk has room for the journal */
};

#endif
