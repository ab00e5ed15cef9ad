/* tests/sim/vfs.h - SQLite on the played disk. */
#ifndef TESTS_SIM_VFS_H
#define TESTS_SIM_VFS_H

void vfs_register(void); /* as the default, before SQLite is used */
void vfs_forget(void);	 /* the process is no more: locks and memory */

#endif
