#include "bridge/mqtt/refusal.h"

#include <openssl/ssl.h>

#define EVERY_MS	    30000
#define LEVEL_3_1_1	    1 /* MQTT 3.1.1 section 3.2.2.3 */
#define BAD_PASSWORD_3_1_1  4
#define UNAUTHORIZED_3_1_1  5
#define UNSUPPORTED_VERSION 0x84 /* MQTT 5 section 3.2.2.2 */
#define BAD_PASSWORD	    0x86
#define UNAUTHORIZED	    0x87

enum refusal refusal_of(int connack_code)
{
	switch (connack_code) {
	case LEVEL_3_1_1:
	case UNSUPPORTED_VERSION:
		return REFUSAL_VERSION;
	case BAD_PASSWORD_3_1_1:
	case UNAUTHORIZED_3_1_1:
	case BAD_PASSWORD:
	case UNAUTHORIZED:
		return REFUSAL_PASSWORD;
	default:
		return REFUSAL_OTHER;
	}
}

/* A broker of TLS 1.2 that asks for a certificate in vain says "handshake
 * failure", as do others that find no cipher. */
enum refusal refusal_of_alert(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case TLS13_AD_CERTIFICATE_REQUIRED:
		return REFUSAL_OWN_TLS;
	default:
		return REFUSAL_HANDSHAKE;
	}
}

static const char *closed_text(const struct config_mqtt *mqtt)
{
	if (mqtt->version != 5)
		return mqtt->secure ? "closed at CONNECT without an answer"
				    : "closed at CONNECT without an answer: is "
				      "this a port for TLS (mqtts://)?";
	return mqtt->secure ? "closed at CONNECT: not a broker, or no "
			      "MQTT 5 (try mqtt.version: 3.1.1)"
			    : "closed at CONNECT: not a broker, a port for TLS "
			      "(mqtts://), or no MQTT 5 (try mqtt.version: "
			      "3.1.1)";
}

const char *refusal_text(enum refusal refusal, const struct config_mqtt *mqtt)
{
	if (refusal == REFUSAL_VERSION)
		return mqtt->version == 5
			       ? "the broker does not support MQTT 5: "
				 "set mqtt.version: 3.1.1"
			       : "the broker does not support MQTT "
				 "3.1.1: set mqtt.version: 5";
	if (refusal == REFUSAL_NAME)
		return "the broker's name cannot be looked up: the log says "
		       "why";
	if (refusal == REFUSAL_CLOSED)
		return closed_text(mqtt);
	if (refusal == REFUSAL_PASSWORD)
		return "the broker refuses mqtt.username or its password";
	if (refusal == REFUSAL_TLS)
		return "the broker's certificate is not accepted: the log "
		       "says why";
	if (refusal == REFUSAL_OWN_TLS)
		return "the broker does not accept the bridge's certificate: "
		       "the log says why; see mqtt.tls.cert_file";
	if (refusal == REFUSAL_HANDSHAKE)
		return "the TLS handshake fails: is this the broker's port for "
		       "TLS?";
	if (refusal == REFUSAL_TLS_FILES)
		return "the files of mqtt.tls cannot be used: the log says why";
	if (refusal == REFUSAL_TAKEN_OVER)
		return "another client uses the bridge's client id";
	if (refusal == REFUSAL_SOON_LOST)
		return "lost right after connecting: another client uses the "
		       "bridge's client id, or the broker crashes";
	return NULL;
}

static const char *event_of(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_VERSION:
		return "mqtt_version_unsupported";
	case REFUSAL_CLOSED:
		return "mqtt_closed_at_connect";
	case REFUSAL_OTHER:
	case REFUSAL_NAME:
	case REFUSAL_PASSWORD:
	case REFUSAL_TLS:
	case REFUSAL_OWN_TLS:
	case REFUSAL_HANDSHAKE:
	case REFUSAL_TLS_FILES:
	case REFUSAL_TAKEN_OVER:
	case REFUSAL_SOON_LOST:
	case REFUSAL_KINDS:
		break;
	}
	return "mqtt_refused";
}

void refusal_log(const struct core *core,
		 struct log_limit limits[REFUSAL_KINDS], const char *connection,
		 enum refusal refusal, int code, const char *error)
{
	const char *hint = refusal_text(refusal, &core->config->mqtt);
	uint64_t suppressed = 0;

	if (log_every(&limits[refusal], EVERY_MS, core->now + 1, &suppressed))
		log_warn(core->log, event_of(refusal),
			 LOG_STR("connection", connection),
			 LOG_INT("code", code), LOG_STR("error", error),
			 LOG_STR("hint", hint),
			 LOG_STR("url", core->config->mqtt.url),
			 LOG_UINT("suppressed", suppressed));
}

enum refusal refusal_log_taken_over(const struct core *core,
				    const char *connection,
				    const char *client_id, bool told)
{
	const char *hint =
		told ? "another client uses this client id: are two bridges "
		       "running with one configuration?"
		     : "lost within 2 s, three times in a row: another client "
		       "uses this client id (are two bridges running with one "
		       "configuration?), or the broker crashes: see its log";

	log_error(core->log, "mqtt_taken_over",
		  LOG_STR("connection", connection),
		  LOG_STR("client_id", client_id), LOG_STR("hint", hint));
	return told ? REFUSAL_TAKEN_OVER : REFUSAL_SOON_LOST;
}
