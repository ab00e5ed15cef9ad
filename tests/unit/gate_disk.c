#include "gate_disk.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stands;
	int fails;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER,
	  .changed = PTHREAD_COND_INITIALIZER};

void gate_disk_set(bool stands, int fails)
{
	pthread_mutex_lock(&disk.lock);
	disk.stands = stands;
	disk.fails = fails;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

bool gate_disk_stands(void)
{
	bool stands;

	pthread_mutex_lock(&disk.lock);
	stands = disk.stands;
	pthread_mutex_unlock(&disk.lock);
	return stands;
}

int gate_disk_sync(int fd)
{
	int err;

	pthread_mutex_lock(&disk.lock);
	while (disk.stands)
		pthread_cond_wait(&disk.changed, &disk.lock);
	err = disk.fails;
	disk.fails = 0;
	pthread_mutex_unlock(&disk.lock);
	errno = err;
	return err ? -1 : (int)syscall(SYS_fdatasync, fd);
}
