#include "tools/approver/chosen.h"

#include <stdlib.h>
#include <string.h>

enum { ID, PATH, FINGERPRINT, TOPIC, TEXTS };

struct one {
	struct one *next;
	struct announced where;
	char *texts; /* owned: TEXTS, one behind the other; NULL: not wanted */
};

static char *pack(const struct ztp_ask *ask)
{
	const char *const texts[TEXTS] = {[ID] = ask->request_id,
					  [PATH] = ask->path,
					  [FINGERPRINT] = ask->fingerprint,
					  [TOPIC] = ask->decision_topic};
	size_t n = 0;
	char *packed, *at;

	for (int i = 0; i < TEXTS; i++)
		n += strlen(texts[i]) + 1;
	packed = malloc(n);
	for (int i = 0; packed && i < TEXTS; i++) {
		at = i ? at + 1 : packed; /* behind the last one's NUL */
		at = stpcpy(at, texts[i]);
	}
	return packed;
}

static int unpack(struct ztp_ask *ask, const char *packed,
		  struct ztp_error *error)
{
	char *const texts[TEXTS] = {[ID] = ask->request_id,
				    [PATH] = ask->path,
				    [FINGERPRINT] = ask->fingerprint,
				    [TOPIC] = ask->decision_topic};

	memset(ask, 0, sizeof(*ask));
	for (int i = 0; i < TEXTS; i++) {
		memcpy(texts[i], packed, strlen(packed) + 1);
		packed += strlen(packed) + 1;
	}
	return ztp_path_parse(&ask->parts, ask->path, strlen(ask->path), error);
}

static struct one *add(struct chosen *chosen, const struct key *key)
{
	struct one *made = calloc(1, sizeof(*made));

	if (!made || !table_put(&chosen->by_id, key, made)) {
		free(made);
		return NULL;
	}
	*(chosen->first ? chosen->end : &chosen->first) = made;
	chosen->end = &made->next;
	return made;
}

static bool is_older(const struct announced *where, const struct one *one)
{
	return where->partition != one->where.partition &&
	       where->at < one->where.at;
}

bool chosen_note(struct chosen *chosen, const struct ztp_ask *ask,
		 const struct announced *where, bool wanted)
{
	char *texts = NULL;
	struct key key;
	struct one *one;

	key_make(&key, 'r', ask->request_id, strlen(ask->request_id));
	one = table_get(&chosen->by_id, &key);
	if (one ? is_older(where, one) : !wanted)
		return true;
	if (wanted)
		texts = pack(ask);
	if (!one && texts)
		one = add(chosen, &key);
	if (!one || (wanted && !texts)) {
		free(texts);
		return false;
	}
	free(one->texts);
	one->texts = texts;
	one->where = *where;
	return true;
}

int chosen_each(const struct chosen *chosen, chosen_visit *visit, void *arg,
		struct ztp_error *error)
{
	struct ztp_ask ask;
	int rc = 0;

	for (const struct one *one = chosen->first; one && !rc; one = one->next)
		if (one->texts) {
			rc = unpack(&ask, one->texts, error);
			rc = rc ? rc : visit(arg, &ask, error);
		}
	return rc;
}

void chosen_clear(struct chosen *chosen)
{
	struct one *next;

	for (struct one *one = chosen->first; one; one = next) {
		next = one->next;
		free(one->texts);
		free(one);
	}
	table_clear(&chosen->by_id);
	*chosen = (struct chosen){.first = NULL};
}
