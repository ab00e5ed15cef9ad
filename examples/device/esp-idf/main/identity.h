/*
 * What the factory has written into the NVS namespace "ztp", and what the
 * device remembers there:
 *
 *   uri ca cert key path audience    strings; PEM for ca, cert and key
 *   applied                          the request that was applied last
 *   config                           its payload, a blob
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include <esp_err.h>

struct identity {
	char *uri, *ca, *cert, *key, *path, *audience;
};

/* The texts are never freed: the device needs them as long as it runs. */
esp_err_t identity_load(struct identity *identity);

/* Has the device been onboarded? Then it needs no certificate any more. */
bool identity_onboarded(void);

/* Was this request applied before? It is told at least once, so maybe twice. */
bool identity_applied(const char *request_id);

/* Remembers both. payload: NULL if there is none. */
esp_err_t identity_apply(const char *request_id, const char *payload,
			 size_t len);

#endif
