/*
 * tools/common/members.h - reads YAML mappings by tables that say which member
 * goes into which field. A member that is not in the table is an error. Each
 * message starts with FILE:LINE:. Readers return 0 or the result of
 * ztp_members_fail.
 */
#ifndef ZTP_TOOLS_MEMBERS_H
#define ZTP_TOOLS_MEMBERS_H

#include <stddef.h>

#include "base/yaml.h"

/* The file being read. */
struct ztp_members_file {
	const char *path; /* for messages */
	struct ztp_error *error;
	void *context; /* the caller's, for its readers */
};

typedef int ztp_member_reader(const struct ztp_members_file *file,
			      const struct ztp_yaml_node *node, void *field);

/* A table ends with a NULL name. */
struct ztp_member {
	const char *name;
	ztp_member_reader *read;
	size_t offset; /* of the field in the object */
};

/* Returns ZTP_ERR_VALUE. */
int ztp_members_fail(const struct ztp_members_file *file, int line,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int ztp_members_no_memory(const struct ztp_members_file *file);

/* Readers for fields of type char * (the caller frees it), int64_t (0-100000)
 * and bool. */
ztp_member_reader ztp_member_string, ztp_member_number, ztp_member_bool;

/* Calls add for one node, or for each of a list, which must not be empty. */
int ztp_members_each(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node, void *field,
		     ztp_member_reader *add);

int ztp_members_read(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node,
		     const struct ztp_member *table, void *object);

#endif
