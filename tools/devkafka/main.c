/*
 * ztp-devkafka: librdkafka's mock cluster as a process of its own, so that
 * `make demo` and the local tests have a Kafka without Java or Docker.
 *
 * How it differs from Kafka (librdkafka 2.0.2, from its source):
 *  - Nothing is on disk. Without --port, the kernel chooses the ports, new ones
 *    each time.
 *  - A partition keeps 5 MiB or 100,000 batches, whichever is less, and drops
 *    the oldest: a consumer that starts later has missed records.
 *  - A topic that is created on demand has 4 partitions. Nothing can change
 *    that from outside, so the five topics of ztp-bridge are created here.
 *  - A fetch that finds nothing is answered after fetch.wait.max.ms, even if a
 *    record arrives in between: clients should set it to 10-100 ms.
 *  - A group's first assignment takes 3 s, and a member whose
 *    session.timeout.ms is not longer than that never gets one. When a member
 *    leaves or dies, the others (and its own successor) wait for that timeout
 *    less 1 s: clients should set it to 4 s.
 *  - Sequence numbers are checked for transactional producers only, the last
 *    stable offset is the end, aborted transactions are visible, and there is
 *    no admin API.
 *
 * One thread waits for signals; the cluster runs in librdkafka's threads.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/kafka_properties.h"
#include "tools/common/cli.h"
#include "tools/common/where.h"
#include "tools/devkafka/port.h"
#include "ztp/codec.h"
#include "ztp/text.h"
#include "ztp/topics.h"

#define PROGRAM	       "ztp-devkafka"
#define TOPICS_MAX     64
#define BROKERS_MAX    16
#define PARTITIONS_MAX 64
#define PORT_MAX       65535
#define ALL_BROKERS    (-1)

struct topic {
	char name[ZTP_TOPIC_NAME_MAX + 1];
	int partitions; /* 0: the default */
};

struct options {
	int brokers;
	int port; /* 0: any */
	int partitions;
	size_t topic_count;
	struct topic topics[TOPICS_MAX];
};

static const char help[] =
	"usage: ztp-devkafka [--brokers N] [--port P] [--partitions N]\n"
	"                    [--topic NAME[:PARTITIONS]]...\n"
	"\n"
	"A Kafka in memory for demonstrations and tests. The first line on\n"
	"stdout is brokers=HOST:PORT[,HOST:PORT...]; then it runs until "
	"SIGTERM\n"
	"or SIGINT and exits 0.\n"
	"\n"
	"  --brokers N      brokers in the cluster, 1-16 (default 1)\n"
	"  --port P         the first broker's port, the others have those "
	"after\n"
	"                   it; otherwise the kernel chooses\n"
	"  --topic NAME[:PARTITIONS]\n"
	"                   a topic to create, may be repeated; ztp.requests,\n"
	"                   ztp.decisions, ztp.results, ztp.dlq and ztp.audit\n"
	"                   are created in any case\n"
	"  --partitions N   partitions of a topic created here without a "
	"number\n"
	"                   of its own, 1-64 (default 1); topics that clients\n"
	"                   create by naming them always have 4\n"
	"  --help, --version\n"
	"\n"
	"SIGUSR1 takes all brokers down: connections are cut, new ones "
	"refused,\n"
	"records kept. SIGUSR2 brings them back on the same ports.\n";

static struct topic *find_topic(struct options *options, const char *name,
				size_t len)
{
	for (size_t i = 0; i < options->topic_count; i++) {
		struct topic *topic = &options->topics[i];

		if (strlen(topic->name) == len &&
		    memcmp(topic->name, name, len) == 0)
			return topic;
	}
	return NULL;
}

/* Adds NAME or NAME:PARTITIONS; naming a topic again only changes its number of
 * partitions. Returns what is wrong, or "". */
static const char *add_topic(struct options *options, const char *text)
{
	size_t len = strcspn(text, ":");
	struct topic *topic;
	int64_t partitions = 0;

	if (!ztp_topic_name_valid(text, len))
		return ZTP_TOPIC_WANTED;
	if (text[len] &&
	    !ztp_number_parse(&partitions, text + len + 1, 1, PARTITIONS_MAX))
		return ": after the colon stands a number from 1 to 64";
	topic = find_topic(options, text, len);
	if (!topic) {
		if (options->topic_count == TOPICS_MAX)
			return ": there are 64 topics already";
		topic = &options->topics[options->topic_count++];
		memcpy(topic->name, text, len);
	}
	if (partitions)
		topic->partitions = (int)partitions;
	return "";
}

/* The same. */
static const char *set_number(int *number, const char *text, int max,
			      char range[ZTP_CLI_RANGE_MAX])
{
	int64_t value;

	if (!ztp_number_parse(&value, text, 1, max))
		return ztp_cli_range(range, 1, max);
	*number = (int)value;
	return "";
}

/* Returns 0 to go on, otherwise the exit code plus one. */
static int read_options(struct options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"brokers", required_argument, NULL, 'b'},
		{"port", required_argument, NULL, 'P'},
		{"topic", required_argument, NULL, 't'},
		{"partitions", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	char range[ZTP_CLI_RANGE_MAX];
	int c, which;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, &which)) != -1) {
		const char *wrong = "";

		switch (c) {
		case 'b':
			wrong = set_number(&options->brokers, optarg,
					   BROKERS_MAX, range);
			break;
		case 'p':
			wrong = set_number(&options->partitions, optarg,
					   PARTITIONS_MAX, range);
			break;
		case 'P':
			wrong = set_number(&options->port, optarg, PORT_MAX,
					   range);
			break;
		case 't':
			wrong = add_topic(options, optarg);
			break;
		case 'h':
			return 1 + ztp_cli_print(PROGRAM, help);
		case 'V':
			return 1 + ztp_cli_print(PROGRAM,
						 PROGRAM " " ZTP_VERSION "\n");
		default:
			return 1 + ztp_cli_bad_option(PROGRAM, c, argv);
		}
		if (*wrong)
			return 1 + ztp_cli_usage(
					   PROGRAM, "--%s: bad value: %.100s%s",
					   table[which].name, optarg, wrong);
	}
	if (options->port + options->brokers - 1 > PORT_MAX)
		return 1 + ztp_cli_usage(PROGRAM,
					 "--port: %d brokers do not fit above "
					 "%d",
					 options->brokers, options->port);
	if (optind != argc)
		return 1 + ztp_cli_usage(PROGRAM, "unexpected argument: %s",
					 argv[optind]);
	return 0;
}

/* conf is a rd_kafka_conf_t *. */
static int set(void *conf, const char *name, const char *value,
	       struct ztp_error *error)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return 0;
	ztp_cli_warn(PROGRAM, "%s", why);
	return ztp_fail(error, ZTP_ERR_USAGE, "%s", why);
}

/* The handle only manages the cluster and is not a client: its complaint that
 * it has no brokers would help nobody. */
static rd_kafka_t *new_handle(void)
{
	const char *const given[ZTP_KAFKA_GIVEN_COUNT] = {0};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *handle;
	char why[256];

	if (ztp_kafka_properties_each(ZTP_KAFKA_MOCK, false, given, set, conf,
				      NULL) != 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!handle) {
		ztp_cli_warn(PROGRAM, "%s", why);
		rd_kafka_conf_destroy(conf);
	}
	return handle;
}

static bool create_topics(rd_kafka_mock_cluster_t *cluster,
			  const struct options *options)
{
	for (size_t i = 0; i < options->topic_count; i++) {
		const struct topic *topic = &options->topics[i];
		int partitions = topic->partitions ? topic->partitions
						   : options->partitions;
		rd_kafka_resp_err_t err = rd_kafka_mock_topic_create(
			cluster, topic->name, partitions, options->brokers);

		if (err) {
			ztp_cli_warn(PROGRAM, "topic %s: %s", topic->name,
				     rd_kafka_err2str(err));
			return false;
		}
	}
	return true;
}

static bool serve(rd_kafka_mock_cluster_t *cluster, const sigset_t *signals)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
	int number;

	while (!err && sigwait(signals, &number) == 0) {
		if (number == SIGUSR1)
			err = rd_kafka_mock_broker_set_down(cluster,
							    ALL_BROKERS);
		else if (number == SIGUSR2)
			err = rd_kafka_mock_broker_set_up(cluster, ALL_BROKERS);
		else
			return true;
	}
	ztp_cli_warn(PROGRAM, "%s", rd_kafka_err2str(err));
	return false;
}

/* Blocks the signals in every thread, including librdkafka's; sigwait takes
 * them. */
static bool block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGUSR2);
	return sigprocmask(SIG_BLOCK, signals, NULL) == 0;
}

static bool take_ports(const struct options *options)
{
	int taken =
		options->port ? port_use(options->port, options->brokers) : 0;

	if (taken)
		ztp_cli_warn(PROGRAM, "--port: %d: %s", taken, strerror(errno));
	return taken == 0;
}

static int run(const struct options *options)
{
	rd_kafka_mock_cluster_t *cluster = NULL;
	rd_kafka_t *handle = NULL;
	int rc = ZTP_EXIT_FAILED;
	sigset_t signals;

	if (!block_signals(&signals))
		goto out;
	handle = new_handle();
	if (!handle)
		goto out;
	if (!take_ports(options))
		goto out;
	cluster = rd_kafka_mock_cluster_new(handle, options->brokers);
	if (!cluster) {
		ztp_cli_warn(PROGRAM, "cannot start the cluster");
		goto out;
	}
	if (!create_topics(cluster, options))
		goto out;
	port_open();
	printf("brokers=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	if (!ztp_cli_flush(PROGRAM))
		goto out;
	if (serve(cluster, &signals))
		rc = ZTP_EXIT_OK;
out:
	if (cluster)
		rd_kafka_mock_cluster_destroy(cluster);
	if (handle)
		rd_kafka_destroy(handle);
	return rc;
}

int main(int argc, char **argv)
{
	static const char *const always[] = {
#define X(topic, number, name, what) ZTP_TOPIC(name),
		ZTP_TOPIC_LIST(X)
#undef X
	};
	struct options options = {.brokers = 1, .partitions = 1};
	int done;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add_topic(&options, always[i]);
	done = read_options(&options, argc, argv);
	return done ? done - 1 : run(&options);
}
