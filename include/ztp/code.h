/*
 * ztp/code.h - the names of results: the `code` of the gate's answers and the
 * `status` of records in ztp.results. They are those of google.rpc.Code and
 * never change.
 */
#ifndef ZTP_CODE_H
#define ZTP_CODE_H

#define ZTP_CODE_OK		     "OK"
#define ZTP_CODE_INVALID_ARGUMENT    "INVALID_ARGUMENT"
#define ZTP_CODE_NOT_FOUND	     "NOT_FOUND"
#define ZTP_CODE_ALREADY_EXISTS	     "ALREADY_EXISTS"
#define ZTP_CODE_FAILED_PRECONDITION "FAILED_PRECONDITION"
#define ZTP_CODE_RESOURCE_EXHAUSTED  "RESOURCE_EXHAUSTED"
#define ZTP_CODE_PERMISSION_DENIED   "PERMISSION_DENIED"
#define ZTP_CODE_ABORTED	     "ABORTED"
#define ZTP_CODE_UNAVAILABLE	     "UNAVAILABLE"
#define ZTP_CODE_DEADLINE_EXCEEDED   "DEADLINE_EXCEEDED"
#define ZTP_CODE_INTERNAL	     "INTERNAL"

#endif
