/*
 * gate/db_schema.h - the tables of the registry's database. Constants only; any
 * thread.
 */
#ifndef ZTP_GATE_DB_SCHEMA_H
#define ZTP_GATE_DB_SCHEMA_H

#define ZTP_DB_SCHEMA_VERSION 5

/* When a candidate is to be deleted, in ms: its last second over or 30 days not
 * seen; 7 days after a cool-down, as long as the attempts are counted. A query
 * that has this text finds the index on it; another text needs another version
 * with another index. */
#define ZTP_DB_CANDIDATE_DUE                                                   \
	"(CASE rejected WHEN 0 THEN min(not_after + 1000, seen_at + "          \
	"2592000000) ELSE retry_at + 604800000 END)"

/* The statements that lead from each version to the next; the first makes the
 * tables of version 1. */
extern const char *const ztp_db_schema[ZTP_DB_SCHEMA_VERSION];

#endif
