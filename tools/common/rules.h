/*
 * tools/common/rules.h - a customer's rules: which requests are approved, with
 * which payload, and which are rejected. They are a YAML file. The first rule
 * that matches decides; if none does, `default` decides.
 *
 *	default: {action: reject, reason: not_on_the_list}
 *	rules:
 *	- name: stolen                  # shown with each decision
 *	  match: {fingerprints_file: stolen.txt}
 *	  action: reject
 *	  reason: stolen
 *	  message: call the help desk
 *	- name: pumps of plant 7
 *	  match:
 *	    subscription: acme
 *	    registry: [plant-7, plant-8]
 *	    id: "pump-*"
 *	    fingerprints_file: delivered.txt
 *	    min_key_bits: 2048
 *	    not_expired: true
 *	  action: approve
 *	  payload_file: pump.json
 *
 * match: all members must match; a list matches if one of its entries does.
 *	subscription registry id   globs (* ? [...]) over the device path's ids
 *	issuer subject             globs over the whole RFC 4514 string
 *	fingerprints               as a line of a list, ztp/fingerprint.h
 *	fingerprints_file          one per line, as in ztp/fingerprint.h
 *	key_algorithm              RSA, EC
 *	min_key_bits               a number
 *	min_days_left              a number: days until notAfter
 *	not_expired                true: inside notBefore..notAfter
 * match: any matches every request. Nothing else does: a match that restricts
 * nothing, or none, is refused, and so is a rule behind one that matches
 * everything. A member does not match if the request lacks what it looks at.
 * action: approve, reject, or leave, which sends nothing
 * and leaves the request to somebody else; optional beside it payload_file or
 * payload_template (tools/common/template.h), content_type, reason, message.
 * default: an action, or a mapping of these; without it, reject with reason
 * no_rule. An approval whose rule has no payload sends that of the first entry
 * of payloads that matches:
 *
 *	payloads:
 *	- {match: {registry: plant-7}, payload_template: plant-7.json}
 *
 * File names are relative to the rules file.
 */
#ifndef ZTP_TOOLS_RULES_H
#define ZTP_TOOLS_RULES_H

#include "tools/common/answer.h"

#define ZTP_RULES_FILE_MAX	  (1024 * 1024)
#define ZTP_FINGERPRINTS_FILE_MAX (64 * 1024 * 1024) /* a million devices */

/* A list of globs; an empty one matches everything. */
struct ztp_globs {
	char **items; /* owned, as is each of them */
	size_t count;
};

/* Fingerprints in ascending order. */
struct ztp_fingerprints {
	uint8_t (*items)[ZTP_SHA256_LEN]; /* owned */
	size_t count;
	bool set;
};

struct ztp_match {
	struct ztp_globs subscription, registry, id, issuer, subject;
	struct ztp_globs key_algorithm;
	struct ztp_fingerprints fingerprints;
	int64_t min_key_bits;  /* 0: any */
	int64_t min_days_left; /* -1: any */
	bool not_expired;
	bool any; /* used while reading: `match: any` was written */
};

struct ztp_rule {
	char *name; /* owned, as all below; never NULL */
	struct ztp_match match;
	int line; /* in the rules file */
	bool matches_all;
	bool approve, leave; /* neither: reject */
	bool decided;	     /* used while reading: an action was given */
	char *reason, *message;
	struct ztp_attachment payload;
};

struct ztp_rules {
	struct ztp_rule *rules; /* owned */
	size_t count;
	struct ztp_rule *payloads; /* owned; only match and payload */
	size_t payload_count;
	struct ztp_globs files;	   /* the names of all files that it names */
	struct ztp_rule otherwise; /* the default */
};

/* Reads the file and all files that it names. The message starts with
 * FILE:LINE:. On failure *rules owns nothing. Blocks. */
int ztp_rules_load(struct ztp_rules *rules, const char *path,
		   struct ztp_error *error);
/* The same from a text. path is used in messages and to find relative file
 * names. */
int ztp_rules_read(struct ztp_rules *rules, const char *text, size_t len,
		   const char *path, struct ztp_error *error);
void ztp_rules_clear(struct ztp_rules *rules);

/* Reads a match alone, from a text such as "registry: plant-7". Its files are
 * added to rules, which gets one rule, without a name, with that match; requests
 * that do not match are left. */
int ztp_rules_match(struct ztp_rules *rules, const char *text, const char *path,
		    struct ztp_error *error);

/* Finds the answer for a request; it points into rules. now_ms: wall clock.
 * Pure. */
void ztp_rules_decide(struct ztp_answer *answer, const struct ztp_rules *rules,
		      const struct ztp_ask *ask, int64_t now_ms);

/* --- shared by rules.c and rules_yaml.c */

int ztp_fingerprints_add(struct ztp_fingerprints *list, const char *text,
			 struct ztp_error *error);
/* Call it after the last ztp_fingerprints_add. */
void ztp_fingerprints_sort(struct ztp_fingerprints *list);
/* Reads a file of fingerprints. The message starts with FILE:LINE:. */
int ztp_fingerprints_load(struct ztp_fingerprints *list, const char *path,
			  struct ztp_error *error);

#endif
