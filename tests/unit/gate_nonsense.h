/*
 * tests/unit/gate_nonsense.h - clients that are refused, from an address.
 */
#ifndef ZTP_TESTS_GATE_NONSENSE_H
#define ZTP_TESTS_GATE_NONSENSE_H

#include <stdio.h>

#include "gate_fixture.h"

static inline int refused(struct mosquitto *client, const char *address)
{
	int rc;

	client->address = address;
	rc = gate_connect(client);
	if (rc != MOSQ_ERR_SUCCESS)
		gate_client_forget(client);
	return rc;
}

static inline void nonsense(const char *path, int number, const char *address)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "nonsense-%d", number);
	assert_int_equal(refused(gate_client(path, name, "x", 5), address),
			 MOSQ_ERR_AUTH);
}

#endif
