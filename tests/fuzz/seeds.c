/*
 * What the fuzz targets start from: one good example of each kind, made anew
 * (certificates are never kept). Usage: seeds FOLDER; writes FOLDER/TARGET/N.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/stat.h>

#include "bridge/journal/journal_entry.h"
#include "bridge/journal/journal_record.h"
#include "seed_rows.h"
#include "tests/unit/certs.h"

#define OTHER "subscriptions/acme/registries/plant-7/devices/pump-43"
#define HEAD  "{\"request_id\":\"0192f3a1-x\",\"device_path\":\"" PATH "\","
#define HEX64 "9f00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
#define CLAIMS                                                                 \
	"{\"iat\":1767323000,\"exp\":1767326600,\"aud\":\"acme/plant-7\","     \
	"\"sub\":\"" PATH "\"}"

#define DEVICE                                                                 \
	"\"device_path\":\"subscriptions/acme/registries/custom/devices/d\","  \
	"\"fingerprint_sha256\":\"" HEX64 "\",\"request_id\":\"r-1\","         \
	"\"metadata\":{\"k\":1}"
#define COMMAND(name, members)                                                 \
	"{\"commands\":[{\"command\":\"" name                                  \
	"\",\"correlationData\":\"c\"," members "}]}"

/* Texts; for decisions and JWTs the first byte is the target's choice. */
static const struct {
	const char *target, *text;
} texts[] = {
	{"json", "{\"a\":{\"b\":[1,-2.5e3,true,null,\"\\u00e9\\n\"]},\"c\":3}"},
	{"json", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"},
	{"json", "{\"n\":123456789012345678901234567890,"
		 "\"t\":\"2026-01-02T03:04:05.678Z\",\"\\ud83d\\ude00\":\"\"}"},
	{"member", "1764403200123-bridge-1;0.9.0;http://10.0.0.1:9464"},
	{"member", "0000000000017-b;1;"},
	{"path", "{device_path}/commands\n" PATH "\n" OTHER},
	{"path", "/{registry}/{device}/commands\n" PATH "\n" OTHER},
	{"path", "a/{subscription}/{registry}/{device}\n" PATH
		 "\nsubscriptions/a/registries/b/devices/c~d%._-"},
	{"jwt", "\x80{\"alg\":\"ES256\",\"typ\":\"JWT\"}\n" CLAIMS},
	{"jwt", "\xc0{\"alg\":\"ES256\"}\n" CLAIMS},
	{"jwt", "\xc1{\"alg\":\"ES384\"}\n" CLAIMS},
	{"jwt", "\x82{\"alg\":\"RS256\"}\n" CLAIMS},
	{"jwt",
	 "\xc3{\"alg\":\"ES256\"}\n{\"iat\":1767323000,\"exp\":1767326600,"
	 "\"aud\":[\"acme/plant-7\",\"b\"]}"},
	{"jwt", "\x80{\"alg\":\"ES25\\u0036\",\"typ\":\"\\u004aWT\"}\n"
		"{\"iat\":1767323000,\"exp\":1767326600,\"aud\":[{\"a\":1},"
		"\"acme\\/plant-7\"],\"sub\":\"subscriptions\\/acme\"}"},
	{"jwt", "0eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.AAAA"},
	{"decision", "0" HEAD "\"decision\":\"reject\",\"reason\":\"no\"}"},
	{"decision",
	 "1" HEAD "\"decision\":\"approve\",\"fingerprint_sha256\":\"" HEX64
	 "\",\"payload\":{\"z\":1,\"a\":123456789012345678901234567890},"
	 "\"content_type\":\"application/json; charset=utf-8\","
	 "\"message\":\"m\",\"decided_by\":\"me\",\"metadata\":{\"k\":\"v\"}}"},
	{"decision", "3" HEAD "\"decision\":\"approve\","
		     "\"payload_base64\":\"AAEC\"}"},
	{"decision", "5{\"request_id\":\"r\",\"isApprove\":true,"
		     "\"customOnboardData\":\"{\\\"a\\\":1}\"}"},
	{"decision", "2{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
		     "\"type\":\"t\",\"datacontenttype\":\"application/"
		     "json\",\"data\":" HEAD "\"decision\":\"approve\"}}"},
	{"decision", "2{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
		     "\"type\":\"t\",\"data_base64\":\"e30=\"}"},
	{"decision", "9application/cloudevents+json; charset=utf-8\n{}"},
	{"decision", "=" TRACE "\n" HEAD "\"decision\":\"approve\"}"},
	{"gate", COMMAND("createRegistry", "\"registry\":\"acme/plant-7\","
					   "\"onboarding\":\"custom\","
					   "\"audience\":\"a\"")},
	{"gate", COMMAND("modifyRegistry", "\"registry\":\"acme/custom\","
					   "\"onboarding\":\"off\"")},
	{"gate", COMMAND("getRegistry", "\"registry\":\"acme/direct\"")},
	{"gate", COMMAND("listRegistries", "\"after\":\"a/b\",\"limit\":1")},
	{"gate", COMMAND("removeRegistryCa", "\"registry\":\"acme/custom\","
					     "\"fingerprint_sha256\":"
					     "\"" HEX64 "\"")},
	{"gate", COMMAND("rejectDevice", DEVICE ",\"retry_after_s\":5")},
	{"gate", COMMAND("getDevice", DEVICE)},
	{"gate", COMMAND("listDevices", "\"registry\":\"acme/custom\"")},
	{"gate", COMMAND("blockDevice", DEVICE)},
	{"gate", COMMAND("deleteDevice", DEVICE)},
	{"gate", COMMAND("ackPending", "\"request_ids\":[\"r-1\",\"r-2\"]")},
	{"gate", COMMAND("listPending", "\"registry\":\"acme/custom\"")},
	{"gate", COMMAND("exportRegistry", "\"registry\":\"acme/custom\","
					   "\"after\":\"a\",\"limit\":2")},
	{"gate", COMMAND("getInfo", "\"x\":1")},
	{"gate", "<" PATH "\nunused\neyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.AAAA"},
	{"gate", "<" PATH "\nunused\n@"},
	{"applied", "{\"request_id\":\"r-1\",\"status\":\"applied\"}"},
	{"applied", "{\"request_id\":\"r-1\",\"status\":\"failed\","
		    "\"message\":\"no room\"}"},
	{"yaml",
	 "# the bridge's\nmqtt:\n  url: mqtt://h\n  tls: {ca_file: ''}\n"
	 "kafka:\n  brokers: [a:1, \"b:2\"]\n  properties:\n"
	 "    linger.ms: ~\n"},
	{"yaml", "default: {action: reject, reason: no}\nrules:\n- name: one\n"
		 "  match:\n    id: \"pump-*\"\n    registry: [x, 'y']\n"
		 "  action: approve\n- action: reject\n"},
	{"yaml", "%YAML 1.1\n---\n? |\n  a\n: >-\n  \xc3\xa9\n\n  c\n...\n"},
	{"yaml", "a: &x [!!str b, *x]\n<<: {a: \"\\0\\u00e9\"}\n---\n"},
	{"headers", "\x03"
		    "content-type:application/json\nce_specversion:1.0\n"
		    "ce_id:1\n" HEAD "\"decision\":\"approve\"}"},
	{"headers", "\x05"
		    "ce_specversion:1.0\nce_id:1\nce_source:s\nce_type:t\n"
		    "traceparent:" TRACE "\n" HEAD "\"decision\":\"reject\"}"},
	{"headers",
	 "\x28"
	 "a:1\nb:2\nc:3\nd:4\ne:5\nf:6\ng:7\nh:8\ni:9\nj:\nk\nl:\n"
	 "a:1\nb:2\nc:3\nd:4\ne:5\nf:6\ng:7\nh:8\ni:9\nj:\nk\nl:\n"
	 "a:1\nb:2\nc:3\nd:4\ne:5\nf:6\ng:7\nh:8\ni:9\nj:\nk\nl:\n"
	 "m:\nn:\ncontent-type:application/cloudevents+json\nx:y\n"
	 "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
	 "\"type\":\"t\",\"data\":" HEAD "\"decision\":\"approve\"}}"},
	{"rules", "default: {action: reject, reason: not_on_the_list}\n"
		  "rules:\n- name: stolen\n  match:\n    fingerprints: [" HEX64
		  "]\n  action: reject\n  message: call us\n"
		  "- name: pumps\n  match:\n    subscription: acme\n"
		  "    registry: [plant-7, 'plant-[0-8]']\n    id: \"pump-*\"\n"
		  "    min_key_bits: 256\n    min_days_left: 1\n"
		  "    not_expired: true\n    issuer: \"*registry-ca\"\n"
		  "  action: approve\n"},
	{"rules", "default: approve\nrules: []\n"},
	{"rules", "rules:\n- match: {fingerprints_file: a.txt}\n"
		  "  action: approve\n  payload_file: b.json\n"},
	{"acl", "{device_path}/commands\n" PATH "\n" PATH "/commands"},
	{"acl", "c/{device}\n" PATH "\nc/+"},
	{"acl", "/{registry}/{device}/commands\n" PATH
		"\nsubscriptions/+/registries/#"},
	{"acl", "a/{subscription}/{registry}/{device}\n" PATH
		"\n$share/g/ztp/v1/pending"},
	{"acl", "{device_path}/commands\n" PATH "\n" PATH "/events/x"},
	{"answer", "{\"responses\":[{\"command\":\"getDevice\","
		   "\"correlationData\":\"c\",\"code\":\"OK\",\"data\":{"
		   "\"state\":\"active\",\"request_id\":\"r-1\","
		   "\"fingerprint_sha256\":\"" HEX64 "\",\"live\":true,"
		   "\"subscribed\":false}},{\"command\":\"createDevice\","
		   "\"code\":\"NOT_FOUND\",\"error\":\"no\"}]}"},
	{"journal", " one\n two\nc three\n four\n"},
	{"journal", " one\nlffff\n two\nh0100000a\n three\n"},
	{"journal", "!\x03\x00\x00\x00\xff\xff\xff\xff"
		    "abc"},
	{"rows", "request.state 2\nrequest.tries 3\nrequest.todo 5\n"
		 "request.due_at 5\nrequest.path 'a/b\n"},
	{"rows", "request.id 'r-9\nrequest.fingerprint x00ff\n"
		 "request.traceparent '" TRACE "\nrequest.retry_at 1.5\n"},
	{"rows", "decision.verdict 1\ndecision.kind 2\n"
		 "decision.payload x7b7d\ndecision.metadata '{}\n"
		 "decision.topic 't\ndecision.part 1\n"},
	{"rows", "outbox.headers x0001610000000162\noutbox.key \n"
		 "outbox.topic 9\noutbox.value 'v\nposition.next -7\n"
		 "meta.value 'x\ncounter.count -1\n"},
	{"rows", "request.state 99\n"},
	{"rows", "request.state -1\nrequest.todo 77\nrequest.tries -5\n"},
	{"rows", "decision.verdict 9\ndecision.kind 99\n"},
	{"gaterows", "devices.path 'subscriptions/a/registries\xcd/b\n"},
	{"gaterows", "devices.path 'subscriptions/a/registries/b/devices/c\n"
		     "devices.spki x3059\ndevices.blocked 1\n"},
	{"gaterows", "devices.fingerprint x00\ndevices.metadata '{\n"
		     "devices.onboarding 'x\ndevices.request_id '\n"},
	{"gaterows", "candidates.der x3000\ncandidates.acked 0\n"
		     "candidates.rejected 0\ncandidates.id 'x\n"
		     "candidates.ca x00\ncandidates.not_after -1\n"},
	{"gaterows", "registries.onboarding 'off\nregistries.audience 'a\n"
		     "registries.name 'n\ncas.pem 'x\ncas.fingerprint \n"
		     "deleted.at 1\n"},
	{"gaterows", "sweeps.registry 'acme/custom\nsweeps.ca x00\n"
		     "candidates.ca x00\n"},
	{"gaterows", "sweeps.registry 'n\nsweeps.ended -1\nsweeps.ca 1\n"},
	{"gaterows", "sweeps.registry 'acme/custom\ncandidates.identity x\n"
		     "sweeps.sessions 9e99\n"},
	{"settings",
	 "mqtt: {url: \"mqtts://b:8883\", registrar: gate, "
	 "version: 3.1.1, command_topic: \"a/{device}\"}\n"
	 "kafka:\n  brokers: k1:9092,k2:9092\n"
	 "  topics: {requests: a, decisions: b}\n"
	 "  properties: {linger.ms: 5}\n"
	 "onboarding: {decision_timeout: 90m, on_timeout: approve}\n"
	 "http: {listen: \"[::1]:9464\"}\n"
	 "store: {path: p, sync: full, retention: 1d}\n"},
	{"settings", "log: {level: ${LEVEL:-debug}, format: json}\n"
		     "mqtt: {username: u, password: \"s p\"}\n"},
	{"http", "?state=requested&registry=a/b&limit=2&order=newest"},
	{"http", "?device=subscriptions/a/registries/b/devices/r-1&after=r-1"},
	{"http", "?order=finished&after=@1767323045678.2&limit=1"},
	{"http", "/r-1\nAccept: text/html\r\nHost: evil.example"},
	{"http", "/r-2?x=y"},
	{"http", "/%72-3%00/../..\nTransfer-Encoding: chunked"},
	{"http", "?state=%zz&&after=%40&limit=00\nRange: bytes=0-"},
	{"options", "registry_db gate.db\noperators ztp-bridge, ztp-admin\n"
		    "pending_mode refuse\nretry_after 0\n"
		    "max_per_certificate 1\nmax_per_registry 1000000000\n"},
	{"options", "registry_db g\npending_topic a/{subscription}\n"},
	{"options", "registry_db g\npending_topic ztp/v1/audit\n"},
	{"options", "registry_db g\ncommand_topic {device_path}/c\n"
		    "command_topic b\n"},
	{"options", "registry_db g\ncommand_topic a/{device}\noperators a,\n"},
	{"options", "registry_db g\ncommand_topic {subscription}/{device}\n"},
	{"options", "registry_db g\ncommand_topic {device_path}/events/x\n"},
	{"lists",
	 "f" HEX64 "\n# comment\n" HEX64 "  cert.pem\n"
	 "sha256 Fingerprint=9F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
	 "DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE\r\n"},
	{"lists", "f\xef\xbb\xbf" HEX64 "\n\n  " HEX64 " \n"},
	{"lists", "p# ours\nsecurity.protocol=ssl\r\nssl.ca.location = a\n\n"
		  "acks=1\nx\n=\n"},
	{"serve", "a/v1/requests/r-1/decision"},
	{"serve", "a/" PATH "/updateCustomOnboardRequest"},
	{"serve", "hrespond-async, wait=10;x=\"y\""},
	{"serve", "h[::1]:8480"},
	{"serve", "n{\"decision\":\"approve\",\"payload\":{\"a\":[1.50]},"
		  "\"metadata\":{\"k\":\"v\"},\"content_type\":\"a/b\"}"},
	{"serve", "o{\"isApprove\":true,\"customOnboardData\":\"x\","
		  "\"credentials\":[{\"key\":\"" HEX64 "\"}]}"},
	{"serve", "t# who\nsha256:" HEX64 " acme a/b\r\ncert:" HEX64 " x\n"},
	{"serve", "r{\"request_id\":\"r-1\",\"outcome\":\"rejected\","
		  "\"code\":200,\"decision\":{\"topic\":\"t\","
		  "\"partition\":0,\"offset\":1}}"},
	{"lists", "a{\"request_id\":\"r-1\",\"device\":{\"path\":\"" PATH
		  "\"},\"certificate\":{\"fingerprint_sha256\":\"" HEX64
		  "\",\"subject\":\"CN=a\",\"public_key\":{\"algorithm\":"
		  "\"EC\",\"bits\":256}},\"expires_at\":"
		  "\"2026-01-03T03:04:05.678Z\"}"},
	{"broker", "per_listener_settings true\nlistener 1883 127.0.0.1\n"
		   "plugin /x/mosquitto_ztp_gate.so\n"
		   "plugin_opt_command_topic {device_path}/c\n"
		   "allow_anonymous true\nlistener 8883\n"
		   "use_identity_as_username true\n"},
	{"broker", "plugin_load g mosquitto_ztp_gate.so\nlistener 1\n"
		   "plugin_use g\ninclude_dir conf.d\n# c\n"
		   "max_queued_messages 1000000\nmax_packet_size 131072\n"
		   "set_tcp_nodelay true\nacl_file a b\n"},
	{"broker", "auth_plugin_deny_special_chars x\nport 1\n"
		   "bind_address ::1\nglobal_plugin a\nlistener 0 \t/s \r\n"},
	{"receive", "a{\"at\":\"2026-01-02T03:04:05.678Z\",\"verdict\":\"x\","
		    "\"code\":\"y\",\"device_path\":\"" PATH "\"}"},
	{"receive", "l[{\"at\":\"2026-01-02T03:04:05.678Z\",\"verdict\":"
		    "\"x\",\"code\":\"y\"},{\"device_path\":\"" PATH "\"}]"},
	{"receive", "w{\"request_id\":\"r-1\",\"device_path\":\"" PATH
		    "\",\"reason\":\"ca_removed\"}"},
	{"receive", "p{\"request_id\":\"r-1\",\"device_path\":\"" PATH
		    "\",\"certificate\":\"no\",\"password\":"
		    "\"s3cr3t-of-the-device\",\"attempt\":2}"},
	{"yaml", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"},
};

static const char *folder;

static void save(const char *target, const void *bytes, size_t len)
{
	static int number;
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", folder, target);
	MUST(mkdir(name, 0777) == 0 || errno == EEXIST);
	snprintf(name, sizeof(name), "%s/%s/%02d", folder, target, ++number);
	file = fopen(name, "wb");
	MUST(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0);
}

static void save_text(const char *target, const char *text)
{
	save(target, text, strlen(text));
}

/* A certificate in the forms in which it comes; and inside a pending event. */
static void save_cert(X509 *x509)
{
	char *pem = certs_pem(x509), *spaced = certs_lines(pem, " ");
	char *escaped = certs_lines(pem, "\\n"), *base64 = certs_base64(x509);
	char event[8192], received[8192 + 1];
	uint8_t *der;
	size_t len;

	der = certs_der(x509, &len);
	save("cert", der, len);
	save_text("cert", pem);
	save_text("cert", spaced);
	save_text("cert", escaped);
	save_text("cert", base64);
	snprintf(event, sizeof(event),
		 "{\"request_id\":\"r-1\",\"device_path\":\"" PATH "\","
		 "\"certificate\":\"%s\",\"password\":\"s3cr3t\","
		 "\"received_at\":\"2026-01-02 03:04:05Z\","
		 "\"expires_at\":\"2026-01-03T03:04:05.678+01:00\","
		 "\"remote_addr\":\"10.0.0.1\",\"attempt\":2,"
		 "\"traceparent\":\"" TRACE "\"}",
		 escaped);
	save_text("pending", event);
	snprintf(received, sizeof(received), "p%s", event);
	save_text("receive", received);
	snprintf(event, sizeof(event),
		 "{\"client_id\":\"" PATH "\",\"username\":\"%s\"}", base64);
	save_text("pending", event);
	free(der);
	free(base64);
	free(escaped);
	free(spaced);
	free(pem);
}

/* A device of another gate. */
static void save_import(const uint8_t *spki, size_t len)
{
	char key[1024], text[2048];

	MUST(len < sizeof(key) / 2);
	ztp_base64_encode(key, spki, len);
	snprintf(text, sizeof(text),
		 COMMAND("importDevice", DEVICE
			 ",\"spki\":\"%s\",\"state\":\"active\","
			 "\"onboarding\":\"custom\",\"created_at\":"
			 "\"2026-01-02T03:04:05.678Z\","
			 "\"identity_sha256\":\"" HEX64 "\",\"greeted\":true"),
		 key);
	save_text("gate", text);
}

/* A CA for a registry, a device made by hand, a first connection. */
static void save_gate(X509 *x509, const char *spki)
{
	char *key = certs_lines(spki, "\\n"), *base64 = certs_base64(x509);
	char text[8192];

	snprintf(text, sizeof(text),
		 COMMAND("createDevice", DEVICE ",\"public_key\":\"%s\""), key);
	save_text("gate", text);
	snprintf(text, sizeof(text),
		 COMMAND("addRegistryCa",
			 "\"registry\":\"acme/custom\",\"pem\":\"%s\""),
		 base64);
	save_text("gate", text);
	snprintf(text, sizeof(text),
		 "<subscriptions/acme/registries/custom/devices/d\n%s\n@",
		 base64);
	save_text("gate", text);
	free(base64);
	free(key);
}

static void save_certs(void)
{
	static const char *const extensions[] = {
		"subjectAltName",
		"DNS:a.example,IP:10.0.0.1,IP:::1,URI:urn:x,email:a@b.example",
		"keyUsage",
		"critical,digitalSignature",
		"extendedKeyUsage",
		"clientAuth",
		NULL};
	EVP_PKEY *key = certs_key("ec:P-256"), *rsa = certs_key("rsa:2048");
	X509 *ca = certs_ca(key, "/CN=registry-ca");
	X509 *plain = certs_make(&(struct certs_spec){
		.key = rsa, .issuer = ca, .issuer_key = key});
	X509 *full =
		certs_make(&(struct certs_spec){.key = key,
						.subject = "/CN=a,b/O=\xc3\xa9",
						.extensions = extensions});
	char *spki = certs_spki_pem(key);
	size_t len;
	uint8_t *raw = certs_spki(key, &len);

	save_cert(plain);
	save_cert(full);
	save_cert(ca);
	save_text("cert", spki);
	save_gate(plain, spki);
	save_import(raw, len);
	free(raw);
	free(spki);
	X509_free(full);
	X509_free(plain);
	X509_free(ca);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(key);
}

/* An entry as a record of ztp.journal. */
static void save_handed(const uint8_t *entry, size_t len)
{
	const struct journal_record record = {
		.journal = "00112233445566778899aabbccddeeff",
		.before = {3, 4096},
		.after = {3, 4096 + 8 + len},
	};
	uint8_t *bytes = malloc(JOURNAL_RECORD_HEAD + len);

	MUST(bytes);
	journal_record_head(bytes, &record);
	memcpy(bytes + JOURNAL_RECORD_HEAD, entry, len);
	save("handed", bytes, JOURNAL_RECORD_HEAD + len);
	free(bytes);
}

static void save_entries(void)
{
	char *names[] = {(char[]){"DNS:a.example"}};
	const struct journal_entry entries[] = {
		{.kind = ENTRY_PENDING,
		 .path = PATH,
		 .request_id = "r-1",
		 .traceparent = TRACE,
		 .cert = {.key_bits = 256,
			  .serial = "14fd",
			  .subject = "CN=unused-device",
			  .san_count = 1,
			  .san = names}},
		{.kind = ENTRY_DEAD,
		 .path = PATH,
		 .request_id = "",
		 .why = {.code = ZTP_ERR_JSON, .message = "no JSON"},
		 .topic = "ztp/v1/pending",
		 .text = "{}",
		 .text_len = 2,
		 .size = 2},
		{.kind = ENTRY_AUDIT, .path = "", .text = "{}", .text_len = 2},
	};
	uint8_t *bytes = NULL;
	size_t i, cap = 0;

	for (i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		long n = journal_entry_pack(&bytes, &cap, &entries[i]);

		MUST(n > 0);
		save("entry", bytes, (size_t)n);
		save_handed(bytes, (size_t)n);
	}
	free(bytes);
}

/* A record: its key, a newline, its value. */
static void save_row(const char *key, const struct state_row *row)
{
	struct state_bytes bytes = {0};
	size_t n = strlen(key) + 1;
	uint8_t *record;

	MUST(state_row_encode(&bytes, row, NULL) == 0);
	record = malloc(n + bytes.len);
	MUST(record);
	memcpy(record, key, n - 1);
	record[n - 1] = '\n';
	memcpy(record + n, bytes.p, bytes.len);
	save("state", record, n + bytes.len);
	free(record);
	free(bytes.p);
}

static void save_rows(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		save_row(rows[i].key, &rows[i].row);
	save("state", (const uint8_t *)"r/r-1", 5);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	MUST(mkdir(folder, 0777) == 0 || errno == EEXIST);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		save_text(texts[i].target, texts[i].text);
	save_certs();
	save_entries();
	save_rows();
	return 0;
}
