/*
 * Each connection is an open file. systemd gives every service 1024 of them, for
 * the sake of programs that use select(), and 524,288 if it asks for more
 * (systemd's NEWS, 240). Mosquitto uses epoll and does not ask. So it would
 * accept some 1010 connections and close every other one, the bridge's among
 * them; each device that waits for its customer is one.
 */
#include "gate/open_files.h"

#include <sys/resource.h>

long ztp_open_files_raise(void)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	most = limit.rlim_max < ZTP_OPEN_FILES ? limit.rlim_max
					       : ZTP_OPEN_FILES;
	if (limit.rlim_cur >= most)
		return 0;
	limit.rlim_cur = most;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? (long)most : 0;
}
