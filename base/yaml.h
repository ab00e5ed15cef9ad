/*
 * base/yaml.h - the YAML of a configuration file as a tree, read strictly: one
 * document in UTF-8 of mappings, lists and scalars.
 *
 * Anchors, aliases, tags and merge keys are refused, so nothing in a file means
 * more than what is written in its place, and nothing grows when it is read. A
 * key given twice, a NUL character and what exceeds the bounds are refused as
 * well. Any thread.
 */
#ifndef ZTP_BASE_YAML_H
#define ZTP_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/error.h"

#define ZTP_YAML_SIZE_MAX  (1024 * 1024) /* bytes of a text */
#define ZTP_YAML_DEPTH_MAX 16		 /* mappings and lists in each other */
#define ZTP_YAML_KEYS_MAX  256		 /* of one mapping */

enum ztp_yaml_kind { ZTP_YAML_SCALAR, ZTP_YAML_LIST, ZTP_YAML_MAP };

struct ztp_yaml_node {
	enum ztp_yaml_kind kind;
	bool is_null;		    /* a plain "", ~, null, Null or NULL */
	int line;		    /* where it begins, from 1 */
	int key_line;		    /* of its key; without one, as line */
	char *key;		    /* NULL unless it is a mapping's */
	char *text;		    /* NULL unless it is a scalar */
	struct ztp_yaml_node *next; /* in the same mapping or list */
	struct ztp_yaml_node *first;
};

/* Empty text reads as a null scalar. On failure *root is NULL and *line is
 * where the trouble is; the message names the key. ztp_yaml_free ends *root. */
int ztp_yaml_read(struct ztp_yaml_node **root, const char *text, size_t len,
		  int *line, struct ztp_error *error);
/* NULL-safe; wipes what may be secrets. */
void ztp_yaml_free(struct ztp_yaml_node *root);

#endif
