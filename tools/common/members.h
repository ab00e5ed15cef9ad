/*
 * tools/common/members.h - a libyaml tree read by tables: which member goes
 * into which field. What is not in a table is an error, as is a member twice;
 * each message starts with FILE:LINE:. Readers return 0 or what
 * ztp_yaml_fail does.
 */
#ifndef ZTP_TOOLS_MEMBERS_H
#define ZTP_TOOLS_MEMBERS_H

#include <stddef.h>

#include <yaml.h>

#include "ztp/error.h"

struct ztp_yaml {
	yaml_document_t *document;
	const char *path; /* for messages */
	struct ztp_error *error;
};

typedef int ztp_yaml_reader(struct ztp_yaml *yaml, yaml_node_t *node,
			    void *field);

/* A table ends with a NULL name. */
struct ztp_yaml_member {
	const char *name;
	ztp_yaml_reader *read;
	size_t offset; /* of the field in what is being read */
};

/* ZTP_ERR_VALUE, with the node's line. */
int ztp_yaml_fail(struct ztp_yaml *yaml, const yaml_node_t *node,
		  const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int ztp_yaml_no_memory(struct ztp_yaml *yaml);

yaml_node_t *ztp_yaml_node(struct ztp_yaml *yaml, int index);

/* A scalar's text, or NULL when the node is none or holds a NUL. */
const char *ztp_yaml_text(const yaml_node_t *node);

/* Fields: char * (the caller frees it), int64_t (0-100000), bool. */
ztp_yaml_reader ztp_yaml_string, ztp_yaml_number, ztp_yaml_bool;

/* One node, or each of a sequence that must not be empty. */
int ztp_yaml_each(struct ztp_yaml *yaml, yaml_node_t *node, void *field,
		  ztp_yaml_reader *add);

int ztp_yaml_mapping(struct ztp_yaml *yaml, yaml_node_t *node,
		     const struct ztp_yaml_member *members, void *object);

#endif
