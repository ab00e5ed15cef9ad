/*
 * tests/torture/sim_names.h - included before every file of tests/sim. The
 * simulation plays these system calls in libc's place; here it does so under
 * another name, and tests/torture/system.c stands in between.
 */
#ifndef TESTS_TORTURE_SIM_NAMES_H
#define TESTS_TORTURE_SIM_NAMES_H

#define __wrap_read	      sim_played_read
#define __wrap_write	      sim_played_write
#define __wrap_epoll_create1  sim_played_epoll_create1
#define __wrap_epoll_ctl      sim_played_epoll_ctl
#define __wrap_epoll_wait     sim_played_epoll_wait
#define __wrap_eventfd	      sim_played_eventfd
#define __wrap_signalfd	      sim_played_signalfd
#define __wrap_getrandom      sim_played_getrandom
#define __wrap_chmod	      sim_played_chmod
#define __wrap_fchmod	      sim_played_fchmod
#define __wrap_fstat	      sim_played_fstat
#define __wrap_stat	      sim_played_stat
#define __wrap_statvfs	      sim_played_statvfs
#define __wrap_opendir	      sim_played_opendir
#define __wrap_readdir	      sim_played_readdir
#define __wrap_flock	      sim_played_flock
#define __wrap_pthread_create sim_played_pthread_create
#define __wrap__exit	      sim_played__exit

#include "tests/torture/own_memory.h"

#endif
