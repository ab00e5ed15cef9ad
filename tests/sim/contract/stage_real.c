/*
 * The stage of the real ones: what is wanted is said on stdout, a line each, and
 * done when a line has come back ("ok", and a word). pytest does it
 * (tests/fault/contract.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/contract/contract.h"

/* The answer, which the caller frees. */
static char *ask(const char *form, ...) __attribute__((format(printf, 1, 2)));
static char *ask(const char *form, ...)
{
	static char line[4096];
	va_list args;

	va_start(args, form);
	vprintf(form, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || strncmp(line, "ok", 2) != 0)
		contract_fail("stage", 0, form);
	line[strcspn(line, "\n")] = '\0';
	return strdup(line[2] == ' ' ? line + 3 : "");
}

void stage_begin(void)
{
}

/* --- Kafka */

const char *stage_brokers(void)
{
	return ask("brokers");
}

const char *stage_topic(int partitions, int max_bytes)
{
	return ask("topic %d %d", partitions, max_bytes);
}

const char *stage_read_topic(int partitions)
{
	static const char *name;

	if (!name)
		name = ask("topic %d 0", partitions);
	return name;
}

const char *stage_state_topic(void)
{
	return ask("topic 1 0");
}

void stage_delete(const char *topic)
{
	free(ask("delete %s", topic));
}

void stage_make(const char *topic, int partitions)
{
	free(ask("make %s %d", topic, partitions));
}

void stage_kafka(bool there)
{
	free(ask("kafka %d", there));
}

/* By librdkafka itself: the Python client is too old for it. */
static void change_acls(rd_kafka_t *rk, rd_kafka_AclBinding_t *acl, bool denied)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event;

	if (denied)
		rd_kafka_CreateAcls(rk, &acl, 1, NULL, queue);
	else
		rd_kafka_DeleteAcls(rk, &acl, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, 30000);
	CHECK(event);
	CHECK_SAME(rd_kafka_event_error(event), 0);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
}

void stage_deny(const char *topic, bool denied)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_AclBinding_t *acl;
	rd_kafka_t *rk;
	char why[256];

	CHECK_SAME(rd_kafka_conf_set(conf, "bootstrap.servers", ask("direct"),
				     why, sizeof(why)),
		   RD_KAFKA_CONF_OK);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	CHECK(rk);
	acl = (denied ? rd_kafka_AclBinding_new
		      : rd_kafka_AclBindingFilter_new)(
		RD_KAFKA_RESOURCE_TOPIC, topic,
		RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:ANONYMOUS", "*",
		RD_KAFKA_ACL_OPERATION_WRITE, RD_KAFKA_ACL_PERMISSION_TYPE_DENY,
		why, sizeof(why));
	CHECK(acl);
	change_acls(rk, acl, denied);
	rd_kafka_AclBinding_destroy(acl);
	rd_kafka_destroy(rk);
}

void stage_lose_leader(const char *topic)
{
	free(ask("lose-leader %s", topic));
}

void stage_refuse_next(const char *topic)
{
	free(ask("refuse-next %s", topic));
}

void stage_await_refused(const char *topic)
{
	free(ask("await-refused %s", topic));
}

void stage_lose_answer(const char *topic)
{
	free(ask("lose-answer %s", topic));
}

const char *stage_values(const char *topic, int partition)
{
	return ask("values %s %d", topic, partition);
}

void stage_write(const char *topic, int partition, const char *value,
		 int transaction)
{
	free(ask("write %s %d %s %d", topic, partition, value, transaction));
}

void stage_end(int transaction, bool commit)
{
	free(ask("end %d %d", transaction, commit));
}

void stage_member(const char *group, const char *topic, bool there)
{
	free(ask("member %s %s %d", group, topic, there));
}

void stage_killed_member(const char *group, const char *topic)
{
	free(ask("killed-member %s %s", group, topic));
}

/* --- the broker */

const char *stage_mqtt(int max_queued, int version)
{
	(void)version;
	return ask("mqtt %d", max_queued);
}

int stage_mqtt_port(void)
{
	return (int)strtol(ask("mqtt-port"), NULL, 10);
}

bool stage_publish(const char *topic, const char *payload, int qos)
{
	return strcmp(ask("publish %s %s %d", topic, payload, qos), "1") == 0;
}

void stage_subscriber(const char *topic, bool offline)
{
	free(ask("subscriber %s %d", topic, offline));
}

void stage_lose_acks(bool lose)
{
	free(ask("lose-acks %d", lose));
}

void stage_cut(bool first)
{
	(void)first; /* there is one only */
	free(ask("cut"));
}

void stage_take_over(const char *client)
{
	free(ask("take-over %s", client));
}

void stage_kill_broker(void)
{
	free(ask("kill-broker"));
}

/* --- the disk */

const char *stage_disk(void)
{
	static const char *folder;

	if (!folder)
		folder = ask("disk");
	return folder;
}

void stage_fill_disk(bool full)
{
	char name[512], bytes[4096] = "";
	int fd;

	snprintf(name, sizeof(name), "%s/filler", stage_disk());
	if (!full) {
		CHECK_SAME(unlink(name), 0);
		return;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	CHECK_SAME(errno, ENOSPC);
	close(fd);
}

void stage_power_cut(void)
{
	free(ask("power-cut"));
}
