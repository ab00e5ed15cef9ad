/*
 * tools/serve/table.h - a map from keys to pointers. A key is half a SHA-256,
 * so nobody can choose texts whose keys meet. One thread.
 */
#ifndef ZTP_SERVE_TABLE_H
#define ZTP_SERVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_LEN 16

struct key {
	uint8_t bytes[KEY_LEN];
};

/* Embedded by its owner; starts as zeros. */
struct table {
	struct slot {
		struct key key;
		void *value; /* NULL: free */
	} * slots;	     /* owned; what they point to is not */
	size_t size, count;  /* size is a power of two */
};

/* The key of a text, told apart by kind from the same text of another kind. */
void key_make(struct key *key, char kind, const void *text, size_t len);
bool key_same(const struct key *a, const struct key *b);

void *table_get(const struct table *table, const struct key *key);
/* Adds or replaces. False: no memory, and nothing has changed. */
bool table_put(struct table *table, const struct key *key, void *value);
void table_remove(struct table *table, const struct key *key);
void table_clear(struct table *table);

#endif
