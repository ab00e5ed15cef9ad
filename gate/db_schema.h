/*
 * gate/db_schema.h - the tables of the registry's database. Constants only; any
 * thread.
 */
#ifndef ZTP_GATE_DB_SCHEMA_H
#define ZTP_GATE_DB_SCHEMA_H

#define ZTP_DB_SCHEMA_VERSION 3

/* The statements that lead from each version to the next; the first makes the
 * tables of version 1. */
extern const char *const ztp_db_schema[ZTP_DB_SCHEMA_VERSION];

#endif
