/*
 * base/yaml.h - reads the YAML of a configuration file into a tree, strictly:
 * one document in UTF-8, of mappings, lists and scalars.
 *
 * Anchors, aliases, tags and merge keys are refused: everything means just what
 * is written in its place, and nothing grows when it is read. A key given more
 * than once, a NUL character, and whatever exceeds the limits below are refused
 * as well. Any thread.
 */
#ifndef ZTP_BASE_YAML_H
#define ZTP_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/error.h"

#define ZTP_YAML_SIZE_MAX  (1024 * 1024) /* of a text, in bytes */
#define ZTP_YAML_DEPTH_MAX 16		 /* nested mappings and lists */
#define ZTP_YAML_KEYS_MAX  256		 /* of one mapping */

enum ztp_yaml_kind { ZTP_YAML_SCALAR, ZTP_YAML_LIST, ZTP_YAML_MAP };

struct ztp_yaml_node {
	enum ztp_yaml_kind kind;
	bool is_null; /* a plain "", ~, null, Null or NULL */
	int line;     /* where the value begins, from 1 */
	int key_line; /* where its key begins; without a key, as line */
	char *key;    /* NULL unless it is in a mapping */
	char *text;   /* NULL unless it is a scalar */
	struct ztp_yaml_node *next; /* in the same mapping or list */
	struct ztp_yaml_node *first;
};

/* Empty text gives a null scalar. On failure *root is NULL, *line is the line
 * of the error, and the message names the key. Free *root with
 * ztp_yaml_free. */
int ztp_yaml_read(struct ztp_yaml_node **root, const char *text, size_t len,
		  int *line, struct ztp_error *error);
/* NULL-safe. Wipes keys and values, which may be secrets. */
void ztp_yaml_free(struct ztp_yaml_node *root);

#endif
