#include "tools/common/rules_match.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/rules_files.h"
#include "ztp/member.h"

/* --- lists: one text or a list of texts */

static int add_glob(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	struct ztp_globs *globs = field;
	char **larger = realloc(globs->items,
				(globs->count + 1) * sizeof(*globs->items));
	int rc;

	if (!larger)
		return ztp_members_no_memory(file);
	globs->items = larger;
	rc = ztp_member_string(file, node, &globs->items[globs->count]);
	if (!rc)
		globs->count++;
	return rc;
}

static int read_globs(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_glob);
}

static int add_algorithm(const struct ztp_members_file *file,
			 const struct ztp_yaml_node *node, void *field)
{
	const char *text = node->text;

	if (!text || (strcmp(text, ZTP_ALGORITHM_RSA) != 0 &&
		      strcmp(text, ZTP_ALGORITHM_EC) != 0))
		return ztp_members_fail(file, node->line,
					"RSA or EC is expected");
	return add_glob(file, node, field);
}

static int read_algorithms(const struct ztp_members_file *file,
			   const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_algorithm);
}

static int add_fingerprint(const struct ztp_members_file *file,
			   const struct ztp_yaml_node *node, void *field)
{
	const char *text = node->text;
	struct ztp_error why;

	if (!text)
		return ztp_members_fail(file, node->line,
					"a fingerprint is expected");
	if (ztp_fingerprints_add(field, text, &why))
		return ztp_members_fail(file, node->line, "%s", why.message);
	return 0;
}

static int read_fingerprints(const struct ztp_members_file *file,
			     const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_fingerprint);
}

/* --- the mapping */

#define MATCH_ANY      "any"
#define KEY_BITS_LEAST 256 /* every key has them, ztp/cert.h */

int rules_read_match(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node, void *field)
{
#define M(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_match, field)                  \
	}
	static const struct ztp_member members[] = {
		M("subscription", read_globs, subscription),
		M("registry", read_globs, registry),
		M("id", read_globs, id),
		M("issuer", read_globs, issuer),
		M("subject", read_globs, subject),
		M("key_algorithm", read_algorithms, key_algorithm),
		M("fingerprints", read_fingerprints, fingerprints),
		M("fingerprints_file", rules_read_list, fingerprints),
		M("min_key_bits", ztp_member_number, min_key_bits),
		M("min_days_left", ztp_member_number, min_days_left),
		M("not_expired", ztp_member_bool, not_expired),
		{NULL, NULL, 0},
	};
#undef M
	struct ztp_match *match = field;
	int rc;

	if (node->text && strcmp(node->text, MATCH_ANY) == 0) {
		match->any = true;
		return 0;
	}
	rc = ztp_members_read(file, node, members, match);
	ztp_fingerprints_sort(&match->fingerprints);
	return rc;
}

static bool is_all(const struct ztp_globs *globs)
{
	bool all = globs->count == 0;

	for (size_t i = 0; !all && i < globs->count; i++)
		all = *globs->items[i] &&
		      strspn(globs->items[i], "*") == strlen(globs->items[i]);
	return all;
}

bool rules_match_all(const struct ztp_match *match)
{
	return is_all(&match->subscription) && is_all(&match->registry) &&
	       is_all(&match->id) && is_all(&match->issuer) &&
	       is_all(&match->subject) && !match->key_algorithm.count &&
	       !match->fingerprints.set &&
	       match->min_key_bits <= KEY_BITS_LEAST &&
	       match->min_days_left < 0 && !match->not_expired;
}

bool rules_match_restricts(const struct ztp_match *match)
{
	return match->subscription.count || match->registry.count ||
	       match->id.count || match->issuer.count || match->subject.count ||
	       match->key_algorithm.count || match->fingerprints.set ||
	       match->min_key_bits > 0 || match->min_days_left >= 0 ||
	       match->not_expired;
}
