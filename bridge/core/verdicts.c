#include "bridge/core/verdicts.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/json.h"
#include "ztp/member.h"

#define OTHER "other"

static const char *const verdict_names[] = {
	ZTP_AUDIT_ACCEPTED, ZTP_AUDIT_HELD,  ZTP_AUDIT_PENDING,
	ZTP_AUDIT_REFUSED,  ZTP_AUDIT_ENDED, OTHER};

/* The gate's own first: most records have one of those. */
static const struct {
	const char *name;
	bool refuses; /* may be the code of a refusal */
} codes[] = {
#define X(text, refuses) {text, refuses},
	ZTP_WHY_LIST(X)
#undef X
#define X(name, number, text) {text, (number) <= ZTP_ERR_EMPTY},
		ZTP_ERR_LIST(X)
#undef X
			{OTHER, true}};

#define VERDICTS ((int)(sizeof(verdict_names) / sizeof(*verdict_names)))
#define CODES	 ((int)(sizeof(codes) / sizeof(*codes)))

struct seen {
	uint64_t counts[VERDICTS][CODES];
	struct refusals refusals;
};

struct verdicts {
	struct seen total, batch;
	bool any; /* in the batch */
};

int verdicts_new(struct verdicts **out, struct ztp_error *error)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

void verdicts_free(struct verdicts *v)
{
	free(v);
}

/* --- reading a record */

enum { VERDICT, CODE, AT, PATH, FINGERPRINT, ADDRESS, OMITTED, MEMBERS };

static struct ztp_str text_of(struct ztp_object *record, size_t field)
{
	struct ztp_str text = {NULL, 0};

	/* What is no text is none of the names. */
	(void)ztp_object_string(&text, record, field, ZTP_AUDIT_MAX, NULL);
	return text;
}

/* The last one, OTHER, for what is not among them. */
static int verdict_of(struct ztp_object *record)
{
	struct ztp_str text = text_of(record, VERDICT);
	int i = 0;

	while (i < VERDICTS - 1 && !ztp_str_is(text, verdict_names[i]))
		i++;
	return i;
}

static int code_of(struct ztp_object *record)
{
	struct ztp_str text = text_of(record, CODE);
	int i = 0;

	while (i < CODES - 1 && !ztp_str_is(text, codes[i].name))
		i++;
	return i;
}

static void copy_path(char path[ZTP_PATH_MAX + 1], struct ztp_object *record)
{
	struct ztp_str text = {NULL, 0};
	struct ztp_path parts;

	if (ztp_object_string(&text, record, PATH, ZTP_PATH_MAX, NULL) == 0 &&
	    text.p && ztp_path_parse(&parts, text.p, text.n, NULL) == 0)
		memcpy(path, text.p, text.n); /* path was zeroed */
}

static void note_refusal(struct refusals *refusals, struct ztp_object *record,
			 const char *code, uint64_t count)
{
	struct refusal refusal = {.code = code, .count = count};
	struct ztp_str text = {NULL, 0};

	(void)ztp_object_time(&refusal.at, record, AT, NULL);
	copy_path(refusal.path, record);
	if (ztp_object_copy(refusal.remote_addr, sizeof(refusal.remote_addr),
			    record, ADDRESS, NULL) != 0)
		*refusal.remote_addr = '\0';
	if (ztp_object_string(&text, record, FINGERPRINT, 2 * ZTP_SHA256_LEN,
			      NULL) == 0)
		refusal.has_fingerprint = ztp_hex_decode(
			refusal.fingerprint, ZTP_SHA256_LEN, text.p, text.n);
	refusals_add(refusals, &refusal);
}

static bool is_refusal(int verdict)
{
	return strcmp(verdict_names[verdict], ZTP_AUDIT_REFUSED) == 0;
}

static void note(struct seen *seen, struct ztp_object *record)
{
	int verdict = verdict_of(record), code = code_of(record);
	int64_t count = 1; /* of audit_limited: those that were left out */

	(void)ztp_object_int(&count, record, OMITTED, 1, INT32_MAX, NULL);
	seen->counts[verdict][code] += (uint64_t)count;
	/* A rejection is its customer's: the request says so. */
	if (is_refusal(verdict) &&
	    strcmp(codes[code].name, ZTP_WHY_REJECTED) != 0)
		note_refusal(&seen->refusals, record, codes[code].name,
			     (uint64_t)count);
}

void verdicts_note(struct verdicts *v, const char *text, size_t len)
{
	struct ztp_field fields[MEMBERS] = {
		[VERDICT] = {.name = ZTP_M_VERDICT},
		[CODE] = {.name = ZTP_M_CODE},
		[AT] = {.name = ZTP_M_AT},
		[PATH] = {.name = ZTP_M_DEVICE_PATH},
		[FINGERPRINT] = {.name = ZTP_M_FINGERPRINT},
		[ADDRESS] = {.name = ZTP_M_REMOTE_ADDR},
		[OMITTED] = {.name = ZTP_M_OMITTED},
	};
	struct ztp_object record;

	/* It was read when it came, so this fails without memory only. */
	if (ztp_object_read(&record, fields, MEMBERS,
			    (struct ztp_str){text, len}, ZTP_AUDIT_MAX,
			    NULL) != 0)
		return;
	note(&v->batch, &record);
	v->any = true;
	ztp_object_clear(&record);
}

/* --- transactions */

void verdicts_commit(struct verdicts *v)
{
	int i, k;

	if (!v->any)
		return;
	for (i = 0; i < VERDICTS; i++)
		for (k = 0; k < CODES; k++)
			v->total.counts[i][k] += v->batch.counts[i][k];
	refusals_move(&v->total.refusals, &v->batch.refusals);
	verdicts_rollback(v);
}

void verdicts_rollback(struct verdicts *v)
{
	memset(v->batch.counts, 0, sizeof(v->batch.counts));
	v->batch.refusals.count = 0;
	v->any = false;
}

/* --- what is known */

void verdicts_each(const struct verdicts *v, verdicts_visit *visit, void *arg)
{
	int i, k;

	for (i = 0; i < VERDICTS; i++)
		for (k = 0; k < CODES; k++)
			if (v->total.counts[i][k] > 0 ||
			    (codes[k].refuses && is_refusal(i)))
				visit(arg, verdict_names[i], codes[k].name,
				      v->total.counts[i][k]);
}

const struct refusals *verdicts_refusals(const struct verdicts *v)
{
	return &v->total.refusals;
}
