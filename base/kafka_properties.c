#include "base/kafka_properties.h"

#include <string.h>

#include "ztp/topics.h"

#define FREE	       ZTP_KAFKA_FREE
#define PROMISED       ZTP_KAFKA_PROMISED
#define REFUSED	       ZTP_KAFKA_REFUSED
#define GIVEN	       ""
#define BROKERS	       "bootstrap.servers"
#define READ_COMMITTED "read_committed"
#define MURMUR2	       ZTP_KAFKA_MURMUR2

/* These have another name as well. */
#define MESSAGE_TIMEOUT "message.timeout.ms"
#define AUTO_COMMIT	"enable.auto.commit"

#define PRODUCER      [ZTP_KAFKA_PRODUCER]
#define CONSUMER      [ZTP_KAFKA_CONSUMER]
#define PROBE	      [ZTP_KAFKA_PROBE]
#define TURN	      [ZTP_KAFKA_TURN]
#define READER	      [ZTP_KAFKA_READER]
#define MEMBER	      [ZTP_KAFKA_MEMBER]
#define TOOL_PRODUCER [ZTP_KAFKA_TOOL_PRODUCER]
#define TOOL_CONSUMER [ZTP_KAFKA_TOOL_CONSUMER]
#define MOCK	      [ZTP_KAFKA_MOCK]
#define BRIDGE(value)                                                          \
	PRODUCER = (value), CONSUMER = (value), PROBE = (value),               \
	TURN = (value), READER = (value), MEMBER = (value)
#define TOOLS(value) TOOL_PRODUCER = (value), TOOL_CONSUMER = (value)

/* clang-format off */
static const struct ztp_kafka_property table[] = {
	/* Addresses and names. */
	{BROKERS, .bridge = REFUSED, .tools = REFUSED,
	 .given = ZTP_KAFKA_GIVEN_BROKERS,
	 .values = {BRIDGE(GIVEN), TOOLS(GIVEN)}},
	{"metadata.broker.list", .alias_of = BROKERS},
	{ZTP_KAFKA_CLIENT_ID,
	 .given = ZTP_KAFKA_GIVEN_CLIENT_ID,
	 .values = {BRIDGE(GIVEN), TOOLS(ZTP_APPROVER)}},
	{"group.id", .bridge = REFUSED, .tools = REFUSED,
	 .given = ZTP_KAFKA_GIVEN_GROUP,
	 .values = {CONSUMER = GIVEN, READER = GIVEN, MEMBER = GIVEN,
		    TOOL_CONSUMER = GIVEN}},

	/* The connection. */
	{"socket.nagle.disable", .values = {BRIDGE("true"), TOOLS("true")}},
	{"log.connection.close", .values = {BRIDGE("false")}},
	{"log_level", .values = {TOOLS("4"), MOCK = "4"}},
	/* Reconnect soon after Kafka is back, even if it was away for long. */
	{"reconnect.backoff.max.ms", .values = {BRIDGE("2000"), TOOLS("2000")}},
	/* Find new partitions soon, and let a tool find a topic that is created
	 * after its start. */
	{"topic.metadata.refresh.interval.ms",
	 .values = {CONSUMER = "10000", TOOLS("5000")}},
	{"allow.auto.create.topics", .bridge = PROMISED,
	 .values = {CONSUMER = "false", READER = "false", MEMBER = "false"}},

	/* Writing: nothing is lost or duplicated, and a key goes to the
	 * partition that Java's clients choose. */
	{"enable.idempotence", .bridge = PROMISED, .tools = REFUSED,
	 .values = {PRODUCER = "true", TURN = "true",
		    TOOL_PRODUCER = "true"}},
	{"acks", .bridge = PROMISED, .tools = REFUSED,
	 .values = {PRODUCER = "all", TURN = "all", TOOL_PRODUCER = "all"}},
	{"request.required.acks", .alias_of = "acks"},
	{"partitioner", .never = "random", /* a device's records stay in order */
	 .values = {PRODUCER = MURMUR2, TURN = MURMUR2,
		    TOOL_PRODUCER = MURMUR2}},
	/* The bridge decides when to give up, and it never does. */
	{MESSAGE_TIMEOUT, .bridge = PROMISED,
	 .given = ZTP_KAFKA_GIVEN_TIMEOUT,
	 .values = {PRODUCER = "0", TOOL_PRODUCER = GIVEN}},
	{"delivery.timeout.ms", .alias_of = MESSAGE_TIMEOUT},
	/* Then a record that arrives would never be reported. */
	{"delivery.report.only.error", .bridge = PROMISED, .promise = "false"},
	/* Then a record that Kafka refuses would end the handle. */
	{"enable.gapless.guarantee", .bridge = PROMISED, .promise = "false"},
	{"queuing.strategy", .bridge = PROMISED, .promise = "fifo"},
	/* See producer_pump.c. A turn is flushed as soon as it is handed over. A
	 * tool has one request on its way, during which others gather. */
	{"linger.ms", .values = {PRODUCER = "5", TURN = "0",
				 TOOL_PRODUCER = "0"}},
	/* A topic that takes the largest decision takes any batch of a tool: Kafka
	 * bounds a batch by max.message.bytes, and refuses all that is in it. */
	{"batch.size", .values = {TOOL_PRODUCER = "131072"}},
	{ZTP_KAFKA_QUEUE_KBYTES, .values = {PRODUCER = "65536",
					    TURN = "65536"}},
	/* A turn's partitions are added by a request of its own, which Kafka
	 * answers with "again" while the last turn is being ended; with the
	 * default a turn takes 107 ms. */
	{"retry.backoff.ms", .values = {TURN = "5"}},
	/* With two, librdkafka takes a refused batch for delivered when the
	 * next one is (see bridge/kafka/producer.c). */
	{"max.in.flight.requests.per.connection",
	 .values = {TOOL_PRODUCER = "1"}},
	{"transactional.id", .bridge = REFUSED, .tools = REFUSED,
	 .why = "a single bridge writes no transactions",
	 .given = ZTP_KAFKA_GIVEN_TRANSACTIONS, .values = {TURN = GIVEN}},
	{"transaction.timeout.ms", .bridge = REFUSED,
	 .why = "it is standby.session_timeout",
	 .given = ZTP_KAFKA_GIVEN_TRANSACTION_TIMEOUT,
	 .values = {TURN = GIVEN}},
	{"test.mock.num.brokers", .bridge = REFUSED, .tools = REFUSED,
	 .why = "it is a Kafka in this process's memory"},
	{"topic.blacklist", .bridge = REFUSED, .tools = REFUSED,
	 .why = "it would hide a topic"},

	/* Reading: we store the positions ourselves. */
	{AUTO_COMMIT, .bridge = PROMISED, .tools = REFUSED,
	 .given = ZTP_KAFKA_GIVEN_COMMIT,
	 .values = {CONSUMER = "false", READER = "false", MEMBER = "false",
		    TOOL_CONSUMER = GIVEN}},
	{"enable.auto.offset.store", .bridge = PROMISED, .tools = REFUSED,
	 .values = {CONSUMER = "false", READER = "false",
		    TOOL_CONSUMER = "false"}},
	{"auto.commit.enable", .alias_of = AUTO_COMMIT},
	{"offset.store.method", .bridge = PROMISED, .promise = "broker"},
	{"auto.commit.interval.ms", .values = {TOOL_CONSUMER = "500"}},
	{"auto.offset.reset", .bridge = PROMISED, .tools = REFUSED,
	 .values = {CONSUMER = "earliest", READER = "error",
		    TOOL_CONSUMER = "earliest"}},
	{"enable.partition.eof", .bridge = PROMISED, .tools = REFUSED,
	 .given = ZTP_KAFKA_GIVEN_EOF,
	 .values = {CONSUMER = "true", READER = "true",
		    TOOL_CONSUMER = GIVEN}},
	{"isolation.level", .bridge = PROMISED,
	 .values = {CONSUMER = READ_COMMITTED, PROBE = "read_uncommitted",
		    READER = READ_COMMITTED,
		    TOOL_CONSUMER = READ_COMMITTED}},
	{"check.crcs", .bridge = PROMISED,
	 .values = {CONSUMER = "true", READER = "true",
		    TOOL_CONSUMER = "true"}},
	/* While more is queued, librdkafka does not fetch from any partition,
	 * and looks again a second later; before 2.2 no setting shortens that.
	 * So there is room for the largest record in zstd, unpacked: see
	 * receive.message.max.bytes. The reader, whose records are small, has
	 * its own way (bridge/kafka/state_reader.c): each that is queued takes
	 * more than twice its size. */
	{"queued.max.messages.kbytes",
	 .values = {CONSUMER = "32768", READER = "4096",
		    TOOL_CONSUMER = "8192"}},
	{"fetch.queue.backoff.ms", .since = 0x02020000,
	 .values = {CONSUMER = "20", READER = "20"}},
	/* What is fetched at once, packed; otherwise as much as is queued. */
	{"fetch.max.bytes", .values = {CONSUMER = "8388608",
				       READER = "8388608"}},
	/* A batch that cannot be read is tried again, and its partition goes on
	 * after some failures (bridge/kafka/consumer_gap.c). */
	{"fetch.error.backoff.ms", .values = {CONSUMER = "5", READER = "5"}},
	/* There is one fetch at a time. The next one, which has a partition
	 * again after its back-off or a seek, waits for it, and so for as long
	 * as no other partition has anything. */
	{"fetch.wait.max.ms", .values = {CONSUMER = "100", READER = "100",
					 TOOL_CONSUMER = "100"}},
	{"queued.min.messages", .values = {CONSUMER = "1000"}},
	/* Also the most that a batch in zstd may unpack to. */
	{ZTP_KAFKA_RECEIVE_MAX, .values = {CONSUMER = "33554432",
						 READER = "33554432"}},

	/* The group. A bridge keeps its place in it when it is restarted, or
	 * Kafka is; otherwise it would wait until the group misses its former
	 * self, which is session.timeout.ms. */
	{ZTP_KAFKA_INSTANCE, .tools = REFUSED,
	 .given = ZTP_KAFKA_GIVEN_MEMBER, .values = {CONSUMER = GIVEN}},
	{ZTP_KAFKA_SESSION, .given = ZTP_KAFKA_GIVEN_SESSION,
	 .values = {CONSUMER = "6000", MEMBER = GIVEN,
		    TOOL_CONSUMER = "10000"}},
	/* One that does not poll any more is not alive either. */
	{ZTP_KAFKA_POLL, .given = ZTP_KAFKA_GIVEN_SESSION,
	 .values = {MEMBER = GIVEN}},
	{ZTP_KAFKA_HEARTBEAT,
	 .values = {CONSUMER = "1500", MEMBER = "500"}},
	/* A single bridge has another strategy than one of several: Kafka then
	 * lets only one kind into the group. */
	{"partition.assignment.strategy", .bridge = PROMISED,
	 .values = {CONSUMER = "range", MEMBER = "roundrobin"}},
	{"group.protocol.type", .bridge = PROMISED, .promise = "consumer"},
	{"group.protocol", .bridge = PROMISED, .promise = "classic"},

	/* How a handle talks to the bridge. */
	{"enabled_events", .bridge = REFUSED, .tools = REFUSED,
	 .why = "the bridge subscribes to the events that it handles"},
	{"log.queue", .bridge = PROMISED, .promise = "false"},
	{"api.version.request", .bridge = PROMISED, .promise = "true"},
	{"internal.termination.signal", .bridge = PROMISED, .promise = "0"},
};
/* clang-format on */

#define COUNT (sizeof(table) / sizeof(*table))

const struct ztp_kafka_property *ztp_kafka_property_find(const char *name,
							 size_t len)
{
	for (size_t i = 0; i < COUNT; i++) {
		const char *alias_of = table[i].alias_of;

		if (strlen(table[i].name) != len ||
		    memcmp(table[i].name, name, len) != 0)
			continue;
		return alias_of ? ztp_kafka_property_find(alias_of,
							  strlen(alias_of))
				: &table[i];
	}
	return NULL;
}

const char *
ztp_kafka_property_promise(const struct ztp_kafka_property *property)
{
	int client = ZTP_KAFKA_PRODUCER;

	if (property->bridge != PROMISED || property->promise)
		return property->promise;
	while (!property->values[client])
		client++;
	return property->values[client];
}

static enum ztp_kafka_rule rule_of(const struct ztp_kafka_property *property,
				   enum ztp_kafka_client client)
{
	return client < ZTP_KAFKA_TOOL_PRODUCER ? property->bridge
						: property->tools;
}

int ztp_kafka_properties_each(enum ztp_kafka_client client, bool ours,
			      const char *const given[ZTP_KAFKA_GIVEN_COUNT],
			      ztp_kafka_property_visit *visit, void *arg,
			      struct ztp_error *error)
{
	int rc = 0;

	for (size_t i = 0; i < COUNT && rc == 0; i++) {
		const struct ztp_kafka_property *property = &table[i];
		const char *value = property->values[client];

		if (!value || ours != (rule_of(property, client) != FREE))
			continue;
		rc = visit(arg, property->name,
			   *value ? value : given[property->given], error);
	}
	return rc;
}
