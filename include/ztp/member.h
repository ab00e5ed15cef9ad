/*
 * ztp/member.h - the names of JSON members in records, messages, commands and
 * answers, so that writers and readers use the same constant. docs/schemas says
 * which members belong together and what they mean. A name means the same
 * wherever it occurs.
 */
#ifndef ZTP_MEMBER_H
#define ZTP_MEMBER_H

/* --- in several kinds of records */

#define ZTP_M_REQUEST_ID   "request_id"
#define ZTP_M_DEVICE_PATH  "device_path"
#define ZTP_M_FINGERPRINT  "fingerprint_sha256"
#define ZTP_M_SPKI	   "spki_sha256"
#define ZTP_M_RECEIVED_AT  "received_at"
#define ZTP_M_EXPIRES_AT   "expires_at"
#define ZTP_M_ATTEMPT	   "attempt"
#define ZTP_M_REMOTE_ADDR  "remote_addr"
#define ZTP_M_CERTIFICATE  "certificate"
#define ZTP_M_SUBJECT	   "subject"
#define ZTP_M_NOT_BEFORE   "not_before"
#define ZTP_M_NOT_AFTER	   "not_after"
#define ZTP_M_PUBLIC_KEY   "public_key"
#define ZTP_M_REGISTRY	   "registry"
#define ZTP_M_METADATA	   "metadata"
#define ZTP_M_PAYLOAD	   "payload"
#define ZTP_M_PAYLOAD_B64  "payload_base64"
#define ZTP_M_CONTENT_TYPE "content_type"
#define ZTP_M_REASON	   "reason"  /* for programs */
#define ZTP_M_MESSAGE	   "message" /* for people */
#define ZTP_M_CODE	   "code"
#define ZTP_M_STATUS	   "status"
#define ZTP_M_TYPE	   "type"
#define ZTP_M_AT	   "at"
#define ZTP_M_COUNT	   "count"
#define ZTP_M_LAG_RECORDS  "lag_records"
#define ZTP_M_TWICE	   "instance_twice"

/* --- pending events */

#define ZTP_M_CLIENT_ID "client_id" /* another name of device_path */
#define ZTP_M_USERNAME	"username"  /* ... and of certificate */

/* --- ztp.requests */

#define ZTP_M_DEVICE	     "device"
#define ZTP_M_PATH	     "path"
#define ZTP_M_SUBSCRIPTION   "subscription"
#define ZTP_M_ID	     "id"
#define ZTP_M_ISSUER	     "issuer"
#define ZTP_M_SERIAL	     "serial"
#define ZTP_M_ALGORITHM	     "algorithm"
#define ZTP_M_BITS	     "bits"
#define ZTP_M_ALT_NAMES	     "subject_alt_names"
#define ZTP_M_CONTENDERS     "contenders"
#define ZTP_M_DECISION_TOPIC "decision_topic"

/* --- ztp.decisions; the last two are OmniCore's */

#define ZTP_M_DECISION	  "decision"
#define ZTP_M_DECIDED_BY  "decided_by"
#define ZTP_M_IS_APPROVE  "isApprove"
#define ZTP_M_CUSTOM_DATA "customOnboardData"

/* --- ztp.results */

#define ZTP_M_OUTCOME	   "outcome"
#define ZTP_M_DELIVERED_AT "delivered_at"
#define ZTP_M_DELIVERY	   "delivery"
#define ZTP_M_TOPIC	   "topic"
#define ZTP_M_PARTITION	   "partition"
#define ZTP_M_OFFSET	   "offset"

/* --- commands to devices */

#define ZTP_M_PAYLOAD_ERASED "payload_erased"

/* --- commands to the gate, and its answers */

#define ZTP_M_COMMANDS	       "commands"
#define ZTP_M_COMMAND	       "command"
#define ZTP_M_CORRELATION      "correlationData"
#define ZTP_M_RESPONSES	       "responses"
#define ZTP_M_DATA	       "data"
#define ZTP_M_ERROR	       "error"
#define ZTP_M_AFTER	       "after"
#define ZTP_M_LIMIT	       "limit"
#define ZTP_M_NEXT	       "next"
#define ZTP_M_REGISTRIES       "registries"
#define ZTP_M_ONBOARDING       "onboarding"
#define ZTP_M_AUDIENCE	       "audience"
#define ZTP_M_CAS	       "cas"
#define ZTP_M_CA	       "ca_sha256"
#define ZTP_M_PEM	       "pem"
#define ZTP_M_CREATED_AT       "created_at"
#define ZTP_M_DEVICES	       "devices"
#define ZTP_M_PENDING	       "pending"
#define ZTP_M_STATE	       "state"
#define ZTP_M_LIVE	       "live"
#define ZTP_M_SUBSCRIBED       "subscribed"
#define ZTP_M_CONNECTION       "connection"
#define ZTP_M_CREDENTIAL       "credential"
#define ZTP_M_AGAIN	       "again"
#define ZTP_M_CREATED	       "created"
#define ZTP_M_REJECTED	       "rejected"
#define ZTP_M_ENDED	       "ended"
#define ZTP_M_SESSIONS	       "sessions"
#define ZTP_M_RETRY_AFTER      "retry_after_s"
#define ZTP_M_REQUEST_IDS      "request_ids"
#define ZTP_M_ACKED	       "acked"
#define ZTP_M_VERSION	       "version"
#define ZTP_M_KEY	       "spki" /* base64 DER */
#define ZTP_M_IDENTITY	       "identity_sha256"
#define ZTP_M_GREETED	       "greeted"
#define ZTP_M_COMMAND_TOPIC    "command_topic"
#define ZTP_M_GROUP	       "group"
#define ZTP_M_SUBSCRIPTIONS    "subscriptions"
#define ZTP_M_OLDEST_UNACKED   "oldest_unacknowledged_s"
#define ZTP_M_CELLS	       "cells"
#define ZTP_M_NOW	       "now"
#define ZTP_M_CLOCK_AHEAD      "clock_ahead_ms"
#define ZTP_M_PENDING_TOPIC    "pending_topic"
#define ZTP_M_SUBSCRIBED_TOPIC "subscribed_topic"
#define ZTP_M_AUDITS_TOPIC     "audits_topic"
#define ZTP_M_PENDING_MODE     "pending_mode"
#define ZTP_M_MAX_COMMANDS     "max_commands"
#define ZTP_M_MAX_BYTES	       "max_bytes"

/* --- the gate's audit records */

#define ZTP_M_VERDICT "verdict"
#define ZTP_M_OMITTED "omitted"

#endif
