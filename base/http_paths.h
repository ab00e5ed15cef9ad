/*
 * base/http_paths.h - addresses that the HTTP servers of operator and customer
 * have in common. Constants only.
 */
#ifndef ZTP_BASE_HTTP_PATHS_H
#define ZTP_BASE_HTTP_PATHS_H

#define ZTP_HTTP_HEALTH	  "/healthz"
#define ZTP_HTTP_READY	  "/readyz"
#define ZTP_HTTP_REQUESTS "/v1/requests"
#define ZTP_HTTP_GROUP	  "/v1/group" /* the operator's alone */

#endif
