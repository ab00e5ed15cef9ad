/*
 * bridge/core/batching.h - when things wait for each other: every number that
 * trades latency for cost, and why. Constants only.
 *
 * What one event costs by itself is little. What costs is waking a thread (25
 * to 30 us), a request to Kafka (a few hundred us on both sides), and a commit.
 * So events that arrive close together share these, at seven places on their
 * way. Each place has one rule: who comes alone never waits, and who waits
 * waits for a time that a person does not notice.
 *
 * 1. The receiving thread (bridge/mqtt/coalesce.h) sleeps GATHER_US before it
 *    takes an event that follows another closely, so that one wake-up of each
 *    thread behind it serves several. It is sure to have waited for the event,
 *    and not to stand before a queue, if it waited WAITED_US and has slept.
 *    Without it: CPU 1.25 to 1.43 times, p50 0.2 to 0.6 times.
 *
 * 2. The loop (bridge/loop/loop_wait.c) waits SHORT_WAIT_MS after a turn that had
 *    work. If records went to librdkafka, that time is spent in its flush,
 *    during which it does not linger. Without it: decisions cost 1.12 times
 *    the CPU, and p50 is 3 to 4 times as long as linger.ms (5 ms,
 *    base/kafka_properties.c) is then waited for each time.
 *    With a gate it waits for a SHORT_WAIT_SHARE-th of the time that the gate has
 *    lately taken to answer, up to SHORT_WAIT_MAX_MS (bridge/registrar/latency.h).
 *    That adds little to what each device waits for anyway, and grows when many
 *    come at once, when a turn serves more of them. Without it: 1.4 times the
 *    CPU with 64 devices at a time.
 *
 * 3. A transaction that holds only new requests stays open for COMMIT_MS
 *    (bridge/loop/loop.c), so that pages which all of them change are written
 *    once. The customer is asked meanwhile: the journal can tell them again.
 *    Without it: CPU 1.15 to 1.28 times. With 100 ms instead of 250: 1.5 to 2.2
 *    times the writes to the store's log.
 *
 * 4. New records wait while records of their topic are in flight
 *    (bridge/kafka/producer_pump.c), so batches grow with the load and with
 *    Kafka's latency. BATCH_WAIT_MS ends that wait, for a partition whose
 *    leader is away: it slows the others down for a second, and then it is left
 *    alone (bridge/kafka/producer_lanes.c). After a
 *    batch that nobody waits for (all but requests) there is BATCH_GAP_MS, and
 *    AUDIT_GAP_MS after audit records, of which each device has several and
 *    each batch is a request to Kafka of its own. Without them: CPU 1.12 and
 *    1.20 times.
 *
 * 5. Kafka's copy of the offsets, which nothing depends on, is written every
 *    COPY_MS (bridge/kafka/consumer.c). Without it: decisions cost 1.16 times
 *    the CPU.
 *
 * 6. Acknowledgements of events to the gate (bridge/registrar/registrar.c) wait
 *    ACK_MS for each other: they only end the offering of a candidate, which is
 *    repeated after much longer times, and nothing waits for them. Without it:
 *    twice the messages from and to the gate at 70 devices a second.
 *
 * 7. Where the bridge is one of several, a turn is a transaction of Kafka's,
 *    which costs Kafka some 10 ms of CPU however little is in it. The next one
 *    begins SHARED_ENTRY_MS after this one began for each of its entries, up to
 *    SHARED_PACE_MS (bridge/loop/loop_turns.c): who comes alone does not wait,
 *    and at 350 devices a second and more a turn has the devices of
 *    SHARED_PACE_MS. Without it: at 2,000 decisions a second Kafka has no CPU
 *    for the next one, and they queue.
 *
 * TURN_MAX is the other direction: no input takes more than so much of one
 * turn, so none waits long for another, and a transaction stays small enough
 * to be rolled back and done again. A turn that is a transaction of Kafka's
 * takes SHARED_TURN_MAX, or it would be over before Kafka is; what it holds in
 * memory until then is bounded by SHARED_TURN_BYTES.
 *
 * The lengths of SQLite's log are in bridge/store/store_checkpoint.c: they are
 * about the disk and not about waiting.
 */
#ifndef BRIDGE_CORE_BATCHING_H
#define BRIDGE_CORE_BATCHING_H

#define BATCHING_GATHER_US 2000
#define BATCHING_WAITED_US 60

#define BATCHING_SHORT_WAIT_MS	   1
#define BATCHING_SHORT_WAIT_MAX_MS 8
#define BATCHING_SHORT_WAIT_SHARE  10

#define BATCHING_COMMIT_MS 250

#define BATCHING_BATCH_WAIT_MS 100
#define BATCHING_BATCH_GAP_MS  5
#define BATCHING_AUDIT_GAP_MS  50

#define BATCHING_COPY_MS 1000

#define BATCHING_ACK_MS 50

#define BATCHING_TURN_MAX 512 /* entries, decisions, deadlines, rows evicted */

#define BATCHING_SHARED_ENTRY_MS   1
#define BATCHING_SHARED_PACE_MS	   25
#define BATCHING_SHARED_TURN_MAX   4096 /* entries, decisions */
#define BATCHING_SHARED_TURN_BYTES (8 << 20)

#endif
