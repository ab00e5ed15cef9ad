#include "tools/approver/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "ztp/request.h"

#define DAY_MS		 (24 * 3600 * 1000LL)
#define DEFAULT_REGISTRY "acme/plant-7"
#define TWICE		 4 /* of each ten, from 0 */
#define RIVAL		 9

/* The last four bytes of its id are its place, so it is found at once. */
static void make_id(struct sample *sample, uint32_t place, int64_t now_ms)
{
	uint8_t random[10];

	ztp_random(random, sizeof(random));
	for (int i = 0; i < 4; i++)
		random[6 + i] = (uint8_t)(place >> (24 - 8 * i));
	ztp_uuid7(sample->id, now_ms, random);
}

static char *make_path(const char *registry, size_t number)
{
	const char *slash = strchr(registry, '/');
	char *path;

	if (asprintf(&path,
		     ZTP_PATH_SUBSCRIPTION "%.*s" ZTP_PATH_REGISTRY
					   "%s" ZTP_PATH_DEVICE "sample-%zu",
		     (int)(slash - registry), registry, slash + 1,
		     number + 1) < 0)
		return NULL;
	return path;
}

/* Every other device is one of the list. */
static void make_keys(struct sample *sample, size_t number,
		      const struct ztp_fingerprints *list)
{
	ztp_random(sample->spki, sizeof(sample->spki));
	if (list->count && number % 2 == 0)
		memcpy(sample->fingerprint,
		       list->items[number / 2 % list->count], ZTP_SHA256_LEN);
	else
		ztp_random(sample->fingerprint, sizeof(sample->fingerprint));
}

static bool make(struct sample *sample, const struct options *options,
		 size_t number, int64_t now_ms)
{
	size_t device = number % 10 == RIVAL ? number - 1 : number;
	uint8_t random[24];

	make_id(sample, (uint32_t)number, now_ms);
	make_keys(sample, number, &options->fingerprints);
	ztp_random(random, sizeof(random));
	ztp_traceparent_make(sample->traceparent, random);
	sample->received_at = now_ms;
	sample->expires_at = now_ms + options->expire_s * 1000;
	sample->contenders = number % 10 == RIVAL ? 2 : 1;
	sample->announced_twice = number % 10 == TWICE;
	sample->state = ZTP_STATE_REQUESTED;
	sample->path = make_path(options->registry ? options->registry
						   : DEFAULT_REGISTRY,
				 device);
	return sample->path != NULL;
}

struct sample *samples_new(const struct options *options, int64_t now_ms)
{
	size_t count = (size_t)options->count;
	struct sample *samples = calloc(count, sizeof(*samples));
	bool ok = samples != NULL;

	for (size_t i = 0; ok && i < count; i++)
		ok = make(&samples[i], options, i, now_ms);
	if (ok)
		return samples;
	samples_free(samples, count);
	return NULL;
}

void samples_free(struct sample *samples, size_t count)
{
	for (size_t i = 0; samples && i < count; i++)
		free(samples[i].path);
	free(samples);
}

struct sample *sample_find(struct sample *samples, size_t count, const char *id)
{
	uint8_t place[4];
	size_t at = 0;

	if (strlen(id) != ZTP_UUID_LEN - 1 ||
	    !ztp_hex_decode(place, 4, id + ZTP_UUID_LEN - 1 - 8, 8))
		return NULL;
	for (int i = 0; i < 4; i++)
		at = at << 8 | place[i];
	return at < count && strcmp(samples[at].id, id) == 0 ? &samples[at]
							     : NULL;
}

struct sample *sample_rival(struct sample *samples, size_t count,
			    const struct sample *sample)
{
	size_t at = (size_t)(sample - samples);

	if (at % 10 == RIVAL)
		return &samples[at - 1];
	return at % 10 == RIVAL - 1 && at + 1 < count ? &samples[at + 1] : NULL;
}

int sample_request(char **json, const struct sample *sample,
		   const char *decision_topic, struct ztp_error *error)
{
	struct ztp_cert cert = {
		.key_algorithm = ZTP_KEY_EC,
		.key_bits = 256,
		.not_before = sample->received_at - DAY_MS,
		.not_after = sample->received_at + 365 * DAY_MS,
		.subject = "CN=unused-device",
		.issuer = "CN=simulated CA",
	};
	struct ztp_path path;
	struct ztp_request request = {
		.id = sample->id,
		.path = &path,
		.cert = &cert,
		.received_at = sample->received_at,
		.expires_at = sample->expires_at,
		.attempt = 1,
		.contenders = sample->contenders,
		.decision_topic = decision_topic,
	};
	int rc = ztp_path_parse(&path, sample->path, strlen(sample->path),
				error);

	if (rc)
		return rc;
	memcpy(cert.fingerprint, sample->fingerprint, ZTP_SHA256_LEN);
	memcpy(cert.spki_sha256, sample->spki, ZTP_SHA256_LEN);
	ztp_hex_encode(cert.serial, sample->spki, 8);
	return ztp_request_build(json, &request, NULL, error);
}
