#include "bridge/http/http_answer.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/page_headers.h"

static enum MHD_Result add_headers(struct MHD_Response *response,
				   const struct http_page *page)
{
	const struct ztp_page_header *header;
	enum MHD_Result rc;
	size_t i;

	rc = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				     page->type);
	if (rc == MHD_YES && page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		rc = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
					     "GET, HEAD");
	if (rc == MHD_YES)
		rc = MHD_add_response_header(
			response, "Content-Security-Policy",
			page->policy ? page->policy : "default-src 'none'");
	if (rc == MHD_YES && page->again)
		rc = MHD_add_response_header(response,
					     MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (rc == MHD_YES && page->closes)
		rc = MHD_add_response_header(
			response, MHD_HTTP_HEADER_CONNECTION, "close");
	for (i = 0; rc == MHD_YES && (header = ztp_page_header(i)); i++)
		rc = MHD_add_response_header(response, header->name,
					     header->value);
	return rc;
}

bool http_answer(struct MHD_Connection *connection, struct http_page *page,
		 size_t *n)
{
	struct MHD_Response *response;
	enum MHD_Result rc;

	if (!page->text)
		return false;
	*n = strlen(page->text);
	response = MHD_create_response_from_buffer(*n, page->text,
						   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(page->text);
		return false;
	}
	rc = add_headers(response, page);
	if (rc == MHD_YES)
		rc = MHD_queue_response(connection, page->status, response);
	MHD_destroy_response(response);
	return rc == MHD_YES;
}
