/*
 * ztp/gate_protocol.h - the protocol between the gate and its clients: the
 * bridge, ztpctl and other programs. docs/control.md describes the commands.
 * Constants only; the names of JSON members are in ztp/member.h.
 *
 * Lengths are in bytes, without the NUL.
 */
#ifndef ZTP_GATE_PROTOCOL_H
#define ZTP_GATE_PROTOCOL_H

#include "ztp/code.h"
#include "ztp/path.h"

/* --- topics. Only operators (plugin_opt_operators) may use them. */

#define ZTP_MQTT_CONTROL    "$CONTROL/ztp/v1"	       /* to the gate */
#define ZTP_MQTT_RESPONSE   "$CONTROL/ztp/v1/response" /* its answers, QoS 1 */
#define ZTP_MQTT_PENDING    "ztp/v1/pending"	       /* candidates, QoS 1 */
#define ZTP_MQTT_WITHDRAWN  "ztp/v1/withdrawn"	       /* QoS 1, acknowledged */
#define ZTP_MQTT_SUBSCRIBED "ztp/v1/subscribed"	       /* devices, QoS 0 */
#define ZTP_MQTT_AUDIT	    "ztp/v1/audit"	       /* verdicts, QoS 1 */
#define ZTP_MQTT_AUDITS	    "ztp/v1/audits" /* the same in arrays, QoS 1 */

/* Below the topics of pending and subscribed, if plugin_opt_pending_topic or
 * plugin_opt_subscribed_topic end with it: one topic for each subscription. */
#define ZTP_MQTT_APART "/{subscription}"

/* Before a random name: a topic of the bridge's own, with which it finds out
 * whether the broker says that nobody is subscribed. */
#define ZTP_MQTT_PROBE "ztp/v1/probe/"

/* The broker's URL in settings and on command lines: a scheme, then
 * HOST:PORT. */
#define ZTP_MQTT_SCHEME	 "mqtt://"
#define ZTP_MQTTS_SCHEME "mqtts://"			  /* TLS */
#define ZTP_MQTT_URL	 ZTP_MQTT_SCHEME "127.0.0.1:1883" /* the default */

/* Filters that match all of these topics, and those still to be added. */
#define ZTP_MQTT_ALL	     "ztp/#"
#define ZTP_MQTT_CONTROL_ALL "$CONTROL/ztp/#"

/* The default command topic of a device. The gate and the bridge must agree on
 * any other. */
#define ZTP_MQTT_COMMANDS ZTP_TEMPLATE_PATH "/commands"

/* --- limits */

#define ZTP_CONTROL_MESSAGE_MAX	    (1024 * 1024) /* a message of commands */
#define ZTP_CONTROL_COMMANDS_MAX    1000	  /* in one message */
#define ZTP_CONTROL_CORRELATION_MAX 256
#define ZTP_CONTROL_PAGE_MAX	    1000 /* `limit` */
#define ZTP_CONTROL_PAGE_DEFAULT    100
#define ZTP_CONTROL_ACKS_MAX	    1000		/* `request_ids` */
#define ZTP_CONTROL_RETRY_MAX_S	    (365LL * 24 * 3600) /* `retry_after_s` */
#define ZTP_CONTROL_METADATA_MAX    (16 * 1024)
#define ZTP_AUDIT_MAX		    (64 * 1024) /* a record on ZTP_MQTT_AUDIT */
#define ZTP_AUDITS_MAX		    (64 * 1024) /* an array on ZTP_MQTT_AUDITS */
#define ZTP_AUDITS_COUNT	    100		/* its records */
#define ZTP_WITHDRAWN_MAX	    (8 * 1024)	/* on ZTP_MQTT_WITHDRAWN */

/* --- commands */

#define ZTP_CMD_CREATE_REGISTRY	   "createRegistry"
#define ZTP_CMD_GET_REGISTRY	   "getRegistry"
#define ZTP_CMD_LIST_REGISTRIES	   "listRegistries"
#define ZTP_CMD_MODIFY_REGISTRY	   "modifyRegistry"
#define ZTP_CMD_DELETE_REGISTRY	   "deleteRegistry"
#define ZTP_CMD_ADD_REGISTRY_CA	   "addRegistryCa"
#define ZTP_CMD_REMOVE_REGISTRY_CA "removeRegistryCa"
#define ZTP_CMD_EXPORT_REGISTRY	   "exportRegistry"
#define ZTP_CMD_CREATE_DEVICE	   "createDevice"
#define ZTP_CMD_IMPORT_DEVICE	   "importDevice"
#define ZTP_CMD_REJECT_DEVICE	   "rejectDevice"
#define ZTP_CMD_GET_DEVICE	   "getDevice"
#define ZTP_CMD_LIST_DEVICES	   "listDevices"
#define ZTP_CMD_DELETE_DEVICE	   "deleteDevice"
#define ZTP_CMD_BLOCK_DEVICE	   "blockDevice"
#define ZTP_CMD_UNBLOCK_DEVICE	   "unblockDevice"
#define ZTP_CMD_LIST_PENDING	   "listPending"
#define ZTP_CMD_ACK_PENDING	   "ackPending"
#define ZTP_CMD_REJECT_PENDING	   "rejectPending" /* an operator's */
#define ZTP_CMD_RESEND_DEVICE	   "resendDevice"
#define ZTP_CMD_GET_INFO	   "getInfo"

/* --- `state` of a device, a candidate, a session that subscribed */

#define ZTP_DEVICE_ACTIVE      "active"
#define ZTP_DEVICE_BLOCKED     "blocked"
#define ZTP_CANDIDATE_PENDING  "pending"
#define ZTP_CANDIDATE_REJECTED "rejected"
#define ZTP_SESSION_HELD       "held"
#define ZTP_SESSION_DEVICE     "device"

/* --- `credential`: what the username of a session's CONNECT was */

#define ZTP_CREDENTIAL_CERTIFICATE "certificate"
#define ZTP_CREDENTIAL_UNUSED	   "unused"

/* --- `pending_mode` */

#define ZTP_MODE_HOLD	"hold"
#define ZTP_MODE_REFUSE "refuse"

/* --- audit records: `verdict`, and `code`, which may also be the name of an
 * error (ztp_err_name) */

#define ZTP_AUDIT_ACCEPTED "accepted"
#define ZTP_AUDIT_HELD	   "held"
#define ZTP_AUDIT_PENDING  "pending"
#define ZTP_AUDIT_REFUSED  "refused"
#define ZTP_AUDIT_ENDED	   "ended"

#define ZTP_WHY_AUDIT_LIMITED	    "audit_limited"
#define ZTP_WHY_BLOCKED		    "blocked"
#define ZTP_WHY_CA_REMOVED	    "ca_removed"
#define ZTP_WHY_CONNECTED	    "connected"
#define ZTP_WHY_CREATED		    "created"
#define ZTP_WHY_DELETED		    "deleted"
#define ZTP_WHY_DEVICE_EXISTS	    "device_exists"
#define ZTP_WHY_MISSING_CREDENTIALS "missing_credentials"
#define ZTP_WHY_NOT_STORED	    "not_stored"
#define ZTP_WHY_ONBOARDING_OFF	    "onboarding_off"
#define ZTP_WHY_PATH_IN_USE	    "path_in_use"
#define ZTP_WHY_PENDING		    "pending"
#define ZTP_WHY_REGISTRY_DELETED    "registry_deleted"
#define ZTP_WHY_REJECTED	    "rejected"
#define ZTP_WHY_SLOWED_DOWN	    "slowed_down"
#define ZTP_WHY_TOPIC_IN_USE	    "topic_in_use"
#define ZTP_WHY_IMPORTED	    "imported"
#define ZTP_WHY_UNAVAILABLE	    "unavailable"
#define ZTP_WHY_UNBLOCKED	    "unblocked"
#define ZTP_WHY_UNKNOWN_DEVICE	    "unknown_device"
#define ZTP_WHY_UNKNOWN_REGISTRY    "unknown_registry"

/* X(code, may it be the code of a refusal?), each once, the most frequent
 * first. */
/* clang-format off */
#define ZTP_WHY_LIST(X)                                                        \
	X(ZTP_WHY_CONNECTED, false)                                            \
	X(ZTP_WHY_PENDING, false)                                              \
	X(ZTP_WHY_CREATED, false)                                              \
	X(ZTP_WHY_AUDIT_LIMITED, true)                                         \
	X(ZTP_WHY_BLOCKED, true)                                               \
	X(ZTP_WHY_CA_REMOVED, false)                                           \
	X(ZTP_WHY_DELETED, false)                                              \
	X(ZTP_WHY_DEVICE_EXISTS, true)                                         \
	X(ZTP_WHY_IMPORTED, false)                                             \
	X(ZTP_WHY_MISSING_CREDENTIALS, true)                                   \
	X(ZTP_WHY_NOT_STORED, true)                                            \
	X(ZTP_WHY_ONBOARDING_OFF, true)                                        \
	X(ZTP_WHY_PATH_IN_USE, true)                                           \
	X(ZTP_WHY_REGISTRY_DELETED, false)                                     \
	X(ZTP_WHY_REJECTED, true)                                              \
	X(ZTP_WHY_SLOWED_DOWN, true)                                           \
	X(ZTP_WHY_TOPIC_IN_USE, true)                                          \
	X(ZTP_WHY_UNAVAILABLE, true)                                           \
	X(ZTP_WHY_UNBLOCKED, false)                                            \
	X(ZTP_WHY_UNKNOWN_DEVICE, true)                                        \
	X(ZTP_WHY_UNKNOWN_REGISTRY, true)
/* clang-format on */

#endif
