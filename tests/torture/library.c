/*
 * Calls of librdkafka, paho and libmosquitto that fail as the real ones may:
 * nothing was sent, or nothing came, and the caller is told so.
 */
#include <MQTTAsync.h>
#include <librdkafka/rdkafka.h>
#include <mosquitto.h>
#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tests/torture/fail.h"

#define WRAP(type, name, parameters, arguments, kind, failure)                 \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return FAILS(kind) ? (failure) : __real_##name arguments;      \
	}

/* --- libmosquitto */

WRAP(struct mosquitto *, mosquitto_new, (const char *id, bool clean, void *arg),
     (id, clean, arg), FAIL_SEND, NULL)
WRAP(int, mosquitto_connect_async,
     (struct mosquitto * m, const char *host, int port, int keepalive),
     (m, host, port, keepalive), FAIL_SEND, MOSQ_ERR_EAI)
WRAP(int, mosquitto_subscribe,
     (struct mosquitto * m, int *mid, const char *filter, int qos),
     (m, mid, filter, qos), FAIL_SEND, MOSQ_ERR_NOMEM)
WRAP(int, mosquitto_publish_v5,
     (struct mosquitto * m, int *mid, const char *topic, int len,
      const void *payload, int qos, bool retain,
      const mosquitto_property *properties),
     (m, mid, topic, len, payload, qos, retain, properties), FAIL_SEND,
     MOSQ_ERR_NOMEM)
WRAP(int, mosquitto_loop_read, (struct mosquitto * m, int max), (m, max),
     FAIL_RECEIVE, MOSQ_ERR_CONN_LOST)
WRAP(int, mosquitto_loop_misc, (struct mosquitto * m), (m), FAIL_SEND,
     MOSQ_ERR_KEEPALIVE)

/* --- paho */

WRAP(int, MQTTAsync_createWithOptions,
     (MQTTAsync * handle, const char *url, const char *id, int persistence,
      void *context, MQTTAsync_createOptions *options),
     (handle, url, id, persistence, context, options), FAIL_SEND,
     MQTTASYNC_FAILURE)
WRAP(int, MQTTAsync_connect,
     (MQTTAsync handle, const MQTTAsync_connectOptions *options),
     (handle, options), FAIL_SEND, MQTTASYNC_FAILURE)
WRAP(int, MQTTAsync_subscribeMany,
     (MQTTAsync handle, int count, char *const *topics, const int *qos,
      MQTTAsync_responseOptions *options),
     (handle, count, topics, qos, options), FAIL_SEND, MQTTASYNC_FAILURE)
WRAP(int, MQTTAsync_disconnect,
     (MQTTAsync handle, const MQTTAsync_disconnectOptions *options),
     (handle, options), FAIL_SEND, MQTTASYNC_FAILURE)

/* The real library counts its allocations in a tree that only a real client
 * sets up: without one it forgets to free the tree's nodes. */
int __real_MQTTProperties_add(MQTTProperties *list, const MQTTProperty *one);
int __wrap_MQTTProperties_add(MQTTProperties *list, const MQTTProperty *one);
int __wrap_MQTTProperties_add(MQTTProperties *list, const MQTTProperty *one)
{
	int rc;

	__lsan_disable();
	rc = __real_MQTTProperties_add(list, one);
	__lsan_enable();
	return rc;
}

/* --- librdkafka */

WRAP(rd_kafka_resp_err_t, rd_kafka_subscribe,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *topics),
     (rk, topics), FAIL_SEND, RD_KAFKA_RESP_ERR__FAIL)
WRAP(rd_kafka_resp_err_t, rd_kafka_assign,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *partitions),
     (rk, partitions), FAIL_SEND, RD_KAFKA_RESP_ERR__STATE)
WRAP(rd_kafka_resp_err_t, rd_kafka_assignment,
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t **partitions),
     (rk, partitions), FAIL_RECEIVE, RD_KAFKA_RESP_ERR__TIMED_OUT)
WRAP(rd_kafka_resp_err_t, rd_kafka_commit,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *offsets,
      int async),
     (rk, offsets, async), FAIL_SEND, RD_KAFKA_RESP_ERR__STATE)
WRAP(rd_kafka_resp_err_t, rd_kafka_flush, (rd_kafka_t * rk, int timeout_ms),
     (rk, timeout_ms), FAIL_SEND, RD_KAFKA_RESP_ERR__TIMED_OUT)
WRAP(rd_kafka_resp_err_t, rd_kafka_metadata,
     (rd_kafka_t * rk, int all, rd_kafka_topic_t *only,
      const struct rd_kafka_metadata **metadata, int timeout_ms),
     (rk, all, only, metadata, timeout_ms), FAIL_RECEIVE,
     RD_KAFKA_RESP_ERR__TRANSPORT)
WRAP(rd_kafka_resp_err_t, rd_kafka_offsets_for_times,
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t *offsets,
      int timeout_ms),
     (rk, offsets, timeout_ms), FAIL_RECEIVE, RD_KAFKA_RESP_ERR__TIMED_OUT)

/* The configuration is the caller's if there is no handle. */
rd_kafka_t *__real_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *error, size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *error, size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *error, size_t size)
{
	if (!FAILS(FAIL_SEND))
		return __real_rd_kafka_new(type, conf, error, size);
	(void)snprintf(error, size, "Failed to create thread");
	return NULL;
}

struct produced {
	rd_kafka_topic_t *topic;
	void *key, *value, *opaque;
	size_t key_len, value_len;
	rd_kafka_headers_t *headers;
	int flags, partition;
};

static void take(struct produced *p, va_list args)
{
	rd_kafka_vtype_t type;

	while ((type = va_arg(args, rd_kafka_vtype_t)) != RD_KAFKA_VTYPE_END)
		switch (type) {
		case RD_KAFKA_VTYPE_RKT:
			p->topic = va_arg(args, rd_kafka_topic_t *);
			break;
		case RD_KAFKA_VTYPE_PARTITION:
			p->partition = va_arg(args, int);
			break;
		case RD_KAFKA_VTYPE_KEY:
			p->key = va_arg(args, void *);
			p->key_len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_VALUE:
			p->value = va_arg(args, void *);
			p->value_len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_MSGFLAGS:
			p->flags = va_arg(args, int);
			break;
		case RD_KAFKA_VTYPE_HEADERS:
			p->headers = va_arg(args, rd_kafka_headers_t *);
			break;
		case RD_KAFKA_VTYPE_OPAQUE:
			p->opaque = va_arg(args, void *);
			break;
		default:
			abort();
		}
}

rd_kafka_resp_err_t __real_rd_kafka_producev(rd_kafka_t *rk, ...);
rd_kafka_resp_err_t __wrap_rd_kafka_producev(rd_kafka_t *rk, ...);
rd_kafka_resp_err_t __wrap_rd_kafka_producev(rd_kafka_t *rk, ...)
{
	struct produced p = {.partition = RD_KAFKA_PARTITION_UA};
	va_list args;

	if (FAILS(FAIL_SEND))
		return RD_KAFKA_RESP_ERR__QUEUE_FULL;
	va_start(args, rk);
	take(&p, args);
	va_end(args);
	return __real_rd_kafka_producev(
		rk, RD_KAFKA_V_RKT(p.topic), RD_KAFKA_V_PARTITION(p.partition),
		RD_KAFKA_V_KEY(p.key, p.key_len),
		RD_KAFKA_V_VALUE(p.value, p.value_len),
		RD_KAFKA_V_MSGFLAGS(p.flags), RD_KAFKA_V_HEADERS(p.headers),
		RD_KAFKA_V_OPAQUE(p.opaque), RD_KAFKA_V_END);
}
