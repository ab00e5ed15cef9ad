/*
 * gate/printing.h - an answer to commands as text, some of it in each turn of the
 * loop: a message may have 1000 of them, and each answer 64 certificates. Broker
 * thread only.
 */
#ifndef ZTP_GATE_PRINTING_H
#define ZTP_GATE_PRINTING_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

#define ZTP_PRINTING_BYTES (1 << 20) /* in a turn */

/* All zero at first. */
struct ztp_printing {
	char *text; /* owned; NULL: it failed */
	size_t len, size;
};

/* Goes on until *left bytes are used up, and counts them; what has been printed is
 * gone from the answer. True: this is all of it, or there was no memory. */
bool ztp_printing_go(struct ztp_printing *printing, struct cJSON *answer,
		     long *left);
void ztp_printing_clear(struct ztp_printing *printing);

#endif
