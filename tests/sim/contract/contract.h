/*
 * tests/sim/contract/contract.h - what the bridge relies on in librdkafka,
 * Kafka, paho, libmosquitto, Mosquitto and the disk, as assertions that are
 * compiled twice: against the real ones and against the played ones. A played
 * part that is not as strict as the real one fails here (tests/fault/
 * test_contract.py, tests/power).
 *
 * An assertion calls the libraries themselves. What it needs of the world
 * around them (a topic, a broker that goes away, another client) it asks of the
 * stage: of pytest (stage_real.c), or of the played parts (stage_played.c).
 * Each runs in a process of its own.
 */
#ifndef TESTS_SIM_CONTRACT_H
#define TESTS_SIM_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assertion {
	const char *name;
	void (*run)(void);
};

/* Each ends with a NULL name. */
extern const struct assertion kafka_take_assertions[];
extern const struct assertion kafka_report_assertions[];
extern const struct assertion kafka_read_assertions[];
extern const struct assertion kafka_group_assertions[];
extern const struct assertion kafka_transaction_assertions[];
extern const struct assertion kafka_member_assertions[];
extern const struct assertion mqtt_in_assertions[];
extern const struct assertion mqtt_out_assertions[];
extern const struct assertion disk_assertions[];

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			contract_fail(__FILE__, __LINE__, #condition);         \
	} while (0)
/* The same, and says both. */
#define CHECK_SAME(a, b) contract_same(__FILE__, __LINE__, #a, a, b)

void contract_fail(const char *file, int line, const char *what)
	__attribute__((noreturn));
void contract_same(const char *file, int line, const char *what, int64_t a,
		   int64_t b);
/* Until the condition holds, or the time is over. */
bool contract_wait(bool (*holds)(void *arg), void *arg, int ms);
void contract_sleep(int ms);

/* --- the stage */

void stage_begin(void);

/* Kafka. One topic to write to, and one to read from, by a name of its own. */
const char *stage_brokers(void);
const char *stage_topic(int partitions, int max_bytes);
const char *stage_read_topic(int partitions);
/* One that several bridges would replicate by: it has one partition. */
const char *stage_state_topic(void);
void stage_delete(const char *topic);
void stage_make(const char *topic, int partitions);
void stage_kafka(bool there);
void stage_deny(const char *topic, bool denied);
/* The leader is away, and somebody else becomes it. */
void stage_lose_leader(const char *topic);
/* The next batch is refused for now, while a second one is on its way. */
void stage_refuse_next(const char *topic);
void stage_await_refused(const char *topic); /* it is on its way */
/* The next batch is appended, but the answer is lost with the connection. */
void stage_lose_answer(const char *topic);
/* The values of a partition that a read_committed reader sees: "a,b,c". */
const char *stage_values(const char *topic, int partition);
/* A record by somebody else; of a transaction (from 1 on), or of none (0). */
void stage_write(const char *topic, int partition, const char *value,
		 int transaction);
void stage_end(int transaction, bool commit);
/* Another member of the group; and one that was killed and not missed yet. */
void stage_member(const char *group, const char *topic, bool there);
void stage_killed_member(const char *group, const char *topic);

/* The broker, with max_queued_messages, or 0; for a client of version 5 or 3. */
const char *stage_mqtt(int max_queued, int version);
int stage_mqtt_port(void);
/* A message by somebody else: true when it was acknowledged. */
bool stage_publish(const char *topic, const char *payload, int qos);
/* A client that is subscribed; offline: with a session, but not connected. */
void stage_subscriber(const char *topic, bool offline);
/* Acknowledgements of the first connection get lost from now on. */
void stage_lose_acks(bool lose);
void stage_cut(bool first); /* one of the two connections */
void stage_take_over(const char *client);
void stage_kill_broker(void); /* without persistence; it is back at once */

/* The disk: a folder on one that is small and not full yet. */
const char *stage_disk(void);
void stage_fill_disk(bool full);
void stage_power_cut(void);

#endif
