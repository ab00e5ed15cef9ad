/* exportRegistry: all that importDevice and the commands on registries need to
 * make a registry again on another gate. */
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "gate/control.h"
#include "ztp/cert.h"
#include "ztp/code.h"

static void put_base64(cJSON *object, const char *name, const void *bytes,
		       size_t n)
{
	char *text = malloc(4 * ((n + 2) / 3) + 1);

	if (text)
		ztp_base64_encode(text, bytes, n);
	ztp_tree_put_text(object, name, text);
	free(text);
}

/* A CA's certificate may be as long as many devices, so each is a row. */
static void put_registry(cJSON *object, struct ztp_lists *lists,
			 const struct ztp_registry *registry)
{
	cJSON *cas;

	ztp_tree_put_text(object, ZTP_M_REGISTRY, registry->name);
	ztp_tree_put_text(object, ZTP_M_ONBOARDING,
			  ztp_onboarding_name(registry->onboarding));
	if (registry->audience)
		ztp_tree_put_text(object, ZTP_M_AUDIENCE, registry->audience);
	cas = ztp_tree_put_list(object, ZTP_M_CAS);
	for (size_t i = 0; i < registry->ca_count; i++) {
		const struct ztp_cert *cert = ztp_ca_cert(registry->cas[i]);
		cJSON *ca = ztp_tree_put_row(cas);

		ztp_lists_row(lists);
		ztp_tree_put_sha256(ca, ZTP_M_FINGERPRINT, cert->fingerprint);
		put_base64(ca, ZTP_M_CERTIFICATE, cert->der, cert->der_len);
	}
}

static void put_device(cJSON *row, const struct ztp_device *device)
{
	ztp_tree_put_text(row, ZTP_M_DEVICE_PATH, device->path);
	ztp_tree_put_text(row, ZTP_M_STATE,
			  device->blocked ? ZTP_DEVICE_BLOCKED
					  : ZTP_DEVICE_ACTIVE);
	ztp_tree_put_sha256(row, ZTP_M_FINGERPRINT, device->fingerprint);
	ztp_tree_put_sha256(row, ZTP_M_IDENTITY, device->identity);
	put_base64(row, ZTP_M_KEY, device->spki, device->spki_len);
	ztp_tree_put_text(row, ZTP_M_ONBOARDING,
			  ztp_onboarding_name(device->onboarding));
	ztp_tree_put_time(row, ZTP_M_CREATED_AT, device->created_at);
	ztp_tree_put_text(row, ZTP_M_REQUEST_ID, device->request_id);
	ztp_tree_put_bool(row, ZTP_M_GREETED, device->greeted);
}

/* Bridges read all answers, and none of more than 1 MiB. */
#define METADATA_MAX                                                           \
	(256 * 1024) /* bytes in a page; its last row may exceed it */

struct exporting {
	struct ztp_page page;
	size_t metadata;	/* bytes */
	struct ztp_error error; /* of a row */
};

/* The list is being read, and the metadata is read by another statement. */
static bool export_one(const struct ztp_device *device, void *arg)
{
	struct exporting *e = arg;
	char *metadata = NULL;
	cJSON *row;

	e->page.more = e->metadata > METADATA_MAX;
	row = e->page.more ? NULL : ztp_page_row(&e->page, device->path);
	if (!row)
		return false;
	put_device(row, device);
	if (ztp_devices_metadata(e->page.gate->db, &metadata, device->path,
				 &e->error) != 0)
		return false;
	if (metadata) {
		ztp_tree_put_raw(row, ZTP_M_METADATA, metadata);
		e->metadata += strlen(metadata);
	}
	free(metadata);
	return true;
}

void ztp_control_export_registry(struct ztp_gate *gate, const cJSON *in,
				 struct ztp_reply *reply)
{
	struct ztp_registry *registry = ztp_control_registry(gate, in, reply);
	struct ztp_error error = {0};
	struct exporting e = {0};
	int rc;

	if (!registry ||
	    !ztp_page_begin(&e.page, gate, in, ZTP_M_DEVICES, reply))
		return;
	if (registry->damaged) {
		(void)ztp_reply_fail(reply, ZTP_CODE_FAILED_PRECONDITION,
				     "a CA of registry %s cannot be read",
				     registry->name);
		return;
	}
	if (!*e.page.after) /* on the first page */
		put_registry(reply->data, &gate->lists, registry);
	rc = ztp_devices_list(gate->db, registry->name, e.page.after,
			      e.page.limit + 1, export_one, &e, &error);
	if (rc == 0 && e.error.message[0]) {
		rc = ZTP_ERR_IO;
		error = e.error;
	}
	if (rc != 0)
		(void)ztp_reply_error(reply, &error);
	else
		ztp_page_end(&e.page, reply);
}
