/*
 * tests/unit/sql_number.h - what a query answers with a number.
 */
#ifndef TEST_SQL_NUMBER_H
#define TEST_SQL_NUMBER_H

#include "scratch.h"

#include <sqlite3.h>

/* The first column of its first row, which there has to be. */
static inline int64_t sql_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	return value;
}

#endif
