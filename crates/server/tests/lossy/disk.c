/* A disk that may forget: loaded into a server (LD_PRELOAD), it keeps what every write to a file below
 * LOSSY_ROOT replaced, until that file is synced. After a kill, whoever puts all of it back (crash.rs) has the
 * disk as it would be if the power had failed and no write had reached it that was not synced.
 *
 * A kill alone proves little, because the page cache survives the process. What is mapped into memory is not
 * seen here: SQLite maps its -shm file alone, which it makes anew.
 *
 * The log of the file with inode N is LOSSY_LOG/N: records of four 64-bit numbers (offset, size before, bytes kept,
 * and zero) and the bytes kept. What happens to names (created, renamed, removed) is not undone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static ssize_t real_pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return real(fd, bytes, length, offset);
}

static ssize_t real_write(int fd, const void *bytes, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return real(fd, bytes, length);
}

static int real_truncate(int fd, off_t length) {
    static int (*real)(int, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
    return real(fd, length);
}

/* While the file FULL_WHILE exists, no write to a file below FULL_ROOT has room. */
static int is_full(int fd) {
    const char *root = getenv("FULL_ROOT"), *flag = getenv("FULL_WHILE");
    char link[64], path[PATH_MAX];
    if (!root || !flag || access(flag, F_OK)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, root, strlen(root)) == 0;
}

/* The log of a file below the root, open at its end; -1 for every other file. */
static int log_of(int fd, struct stat *file) {
    const char *root = getenv("LOSSY_ROOT"), *folder = getenv("LOSSY_LOG");
    char link[64], path[PATH_MAX], name[PATH_MAX];
    if (!root || !folder || fstat(fd, file) || !S_ISREG(file->st_mode)) return -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return -1;
    path[length] = 0;
    if (strncmp(path, root, strlen(root)) || strncmp(path, folder, strlen(folder)) == 0) return -1;
    if (length > 4 && strcmp(path + length - 4, "-shm") == 0) return -1;
    snprintf(name, sizeof name, "%s/%llu", folder, (unsigned long long)file->st_ino);
    int log = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || lseek(log, 0, SEEK_END) < 0) abort();
    return log;
}

/* Keeps what stands at this place, before it is written over or, without a length, cut off. */
static void keep(int fd, off_t offset, size_t length) {
    struct stat file;
    int log = log_of(fd, &file);
    if (log < 0) return;
    uint64_t kept = 0;
    if (offset < file.st_size) {
        kept = (uint64_t)(file.st_size - offset);
        if (length && kept > length) kept = length;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* The file may be open for writing alone. */
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(kept + 1);
    if (reader < 0 || !bytes || pread(reader, bytes, kept, offset) != (ssize_t)kept) abort();
    uint64_t head[4] = {(uint64_t)offset, (uint64_t)file.st_size, kept, 0};
    if (real_write(log, head, sizeof head) < 0 || (kept && real_write(log, bytes, kept) < 0)) abort();
    free(bytes);
    close(reader);
    close(log);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    pthread_mutex_lock(&one_at_a_time);
    if (length) keep(fd, offset, length);
    ssize_t done = real_pwrite(fd, bytes, length, offset);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    struct stat file;
    if (fstat(fd, &file) || !S_ISREG(file.st_mode)) return real_write(fd, bytes, length);
    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    pthread_mutex_lock(&one_at_a_time);
    off_t offset = fcntl(fd, F_GETFL) & O_APPEND ? file.st_size : lseek(fd, 0, SEEK_CUR);
    if (length) keep(fd, offset, length);
    ssize_t done = real_write(fd, bytes, length);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

int ftruncate64(int fd, off_t length) {
    pthread_mutex_lock(&one_at_a_time);
    keep(fd, length, 0);
    int done = real_truncate(fd, length);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* What was written before is on the disk from here on. The real sync is left out: it costs time, and the page
 * cache survives a kill. */
static int synced(int fd) {
    struct stat file;
    pthread_mutex_lock(&one_at_a_time);
    int log = log_of(fd, &file);
    if (log >= 0) {
        if (real_truncate(log, 0)) abort();
        close(log);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return 0;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

/* The number of a file that is gone may be given to another. */
int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = dlsym(RTLD_NEXT, "unlink");
    const char *folder = getenv("LOSSY_LOG");
    struct stat file;
    pthread_mutex_lock(&one_at_a_time);
    if (folder && lstat(path, &file) == 0 && file.st_nlink == 1) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s/%llu", folder, (unsigned long long)file.st_ino);
        real(name);
    }
    int done = real(path);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}
