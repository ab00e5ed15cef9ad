/*
 * What the broker passes to the bridge's intake: with 'a' first on the audit
 * topic, with 'w' on that of withdrawals, else a pending event. What is kept of
 * it is an entry of the journal, well-formed, and none of it is what has to
 * stay here: the password of a pending event is in no dead letter.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bridge/journal/journal_entry.h"
#include "bridge/mqtt/receive.h"
#include "ztp/decision.h"
#include "ztp/gate_protocol.h"
#include "ztp/path.h"
#include "ztp/pending.h"

#define SECRET	   "s3cr3t-of-the-device"
#define ANEW_AFTER 1000 /* inputs: the journal's files are large */

static struct {
	char folder[32], base[64];
	struct config config; /* it serves all subscriptions */
	struct core core;
	struct log log;
	struct receiver receiver;
	struct journal_mark mark;
	unsigned inputs;
} f = {.folder = "/tmp/ztp-fuzz-XXXXXX"};

static void remove_files(void)
{
	char name[128];
	unsigned i;

	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "%s.intake-%016x", f.base, i);
		(void)unlink(name);
	}
}

static void end(void)
{
	journal_close(f.receiver.journal);
	receive_clear(&f.receiver);
	close(f.receiver.coalesce.work_fd);
	remove_files();
	(void)rmdir(f.folder);
}

static void begin(void)
{
	struct ztp_error error;

	if (*f.base) {
		journal_close(f.receiver.journal);
		remove_files();
	} else {
		MUST(mkdtemp(f.folder));
		snprintf(f.base, sizeof(f.base), "%s/s", f.folder);
		log_init(&f.log, open("/dev/null", O_WRONLY | O_CLOEXEC),
			 LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
		f.core.config = &f.config;
		f.core.log = &f.log;
		f.receiver.core = &f.core;
		f.receiver.coalesce.work_fd = eventfd(0, EFD_NONBLOCK);
		MUST(atexit(end) == 0);
	}
	f.mark = (struct journal_mark){1, 0};
	MUST(journal_open(&f.receiver.journal, f.base, false, &f.mark, &f.mark,
			  &error) == 0);
	f.mark = (struct journal_mark){1, 0};
}

/* It is the password, and nothing else: it may stand for an id as well. */
static bool has_password(const char *text, size_t size)
{
	static const char member[] = "\"password\":\"" SECRET "\"";
	const char *at = memmem(text, size, SECRET, sizeof(SECRET) - 1);

	return memmem(text, size, member, sizeof(member) - 1) && at &&
	       !memmem(at + 1, size - (size_t)(at + 1 - text), SECRET,
		       sizeof(SECRET) - 1);
}

static void check(const struct journal_entry *e, const char *text, size_t size)
{
	struct ztp_path parts;

	MUST(!*e->path ||
	     ztp_path_parse(&parts, e->path, strlen(e->path), NULL) == 0);
	switch (e->kind) {
	case ENTRY_AUDIT:
		MUST(memmem(text, size, e->text, e->text_len));
		break;
	case ENTRY_WITHDRAWN:
		MUST(*e->path && e->text_len <= ZTP_REASON_MAX);
		MUST(ztp_request_id_valid(e->request_id,
					  strlen(e->request_id)));
		break;
	case ENTRY_DEAD:
		MUST(e->why.code && *e->why.message);
		MUST(!has_password(text, size) ||
		     !memmem(e->text, e->text_len, SECRET, sizeof(SECRET) - 1));
		break;
	default:
		MUST(*e->path);
	}
}

static size_t most(const char *topic)
{
	return strcmp(topic, ZTP_MQTT_AUDITS) == 0 ? ZTP_AUDITS_COUNT : 1;
}

/* At most one entry for each message, or for each record of an array, and
 * exactly one for a pending event. */
static void look(const char *topic, const char *text, size_t size)
{
	struct journal_entry entry;
	struct ztp_error error;
	const void *bytes;
	size_t len, count = 0;

	while (journal_read(f.receiver.journal, &f.mark, &bytes, &len,
			    &error) == 1) {
		MUST(journal_entry_unpack(&entry, bytes, len, NULL) == 0);
		check(&entry, text, size);
		journal_entry_clear(&entry);
		count++;
	}
	MUST(count <= most(topic));
	MUST(count == 1 || strcmp(topic, ZTP_MQTT_PENDING) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		uint8_t letter;
		const char *topic;
	} others[] = {{'a', ZTP_MQTT_AUDIT},
		      {'l', ZTP_MQTT_AUDITS},
		      {'w', ZTP_MQTT_WITHDRAWN}};
	const char *topic = ZTP_MQTT_PENDING;
	char *text;

	if (size == 0)
		return 0;
	if (f.inputs++ % ANEW_AFTER == 0)
		begin();
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (*data == others[i].letter)
			topic = others[i].topic;
	text = malloc(size > 1 ? size - 1 : 1);
	MUST(text);
	memcpy(text, data + 1, size - 1);
	f.receiver.coalesce.ended = 0; /* it does not sleep */
	receive_message(&f.receiver, topic, text, size - 1);
	look(topic, text, size - 1);
	free(text);
	return 0;
}
