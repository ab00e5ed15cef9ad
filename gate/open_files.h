/*
 * gate/open_files.h - how many files, and so connections, the broker may have
 * open.
 */
#ifndef ZTP_GATE_OPEN_FILES_H
#define ZTP_GATE_OPEN_FILES_H

/* More than one thread of Mosquitto's could serve, and what the kernel allows a
 * process unless told otherwise (fs.nr_open). */
#define ZTP_OPEN_FILES 1048576

/* Raises this process's limit of open files to the hard limit, at most to
 * ZTP_OPEN_FILES. Returns the new limit, or 0 if it stays as it was. */
long ztp_open_files_raise(void);

#endif
