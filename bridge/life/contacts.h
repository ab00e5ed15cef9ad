/*
 * bridge/life/contacts.h - what the bridge hears of devices after their
 * approval: their answers, and their coming again (ztp/contact.h decides what
 * that means). Loop thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_CONTACTS_H
#define BRIDGE_LIFE_CONTACTS_H

#include "bridge/life/bridge.h"
#include "ztp/command.h"

/* Who publishes commands: is that of request row n on its way? */
struct contacts_sender {
	bool (*has_sent)(void *arg, int64_t n);
	void *arg;
};

/* A device's answer, on the topic of this path. */
struct contacts_answer {
	char path[ZTP_PATH_MAX + 1];
	struct ztp_applied said;
	/* Why it cannot be read, or "". Then only said.request_id counts, if
	 * it is not "". */
	char unreadable[256];
};

/* Losing an answer in a crash does no harm with delivery_ack: device, because
 * the command is sent and answered again; otherwise the customer does not learn
 * of it. */
int contacts_answered(struct bridge *b, const struct contacts_answer *answer,
		      const struct contacts_sender *sender,
		      struct ztp_error *error);

/* The gate reports that a device has subscribed to its command topic. */
struct contacts_report {
	const char *path;
	const uint8_t *fingerprint; /* of its key; NULL: not known */
	int64_t connection;	    /* 0: not known */
	bool certificate;	    /* it came with its certificate */
	bool asked;		    /* an operator wants it told again */
};

int contacts_returned(struct bridge *b, const struct contacts_report *report,
		      struct ztp_error *error);

#endif
