/* tests/fuzz/spoil.h - writes into a database what its owner never would. */
#ifndef ZTP_TESTS_SPOIL_H
#define ZTP_TESTS_SPOIL_H

#include <stddef.h>
#include <stdint.h>

void spoil_copy(const char *from, const char *to);

/* Each line is "TABLE.COLUMN VALUE", where a value is a number, a text after ',
 * bytes in hex after x, or nothing for NULL; it goes into all rows of that
 * table. What SQLite refuses is left out. */
void spoil_rows(const char *path, const uint8_t *data, size_t size);

#endif
