/*
 * "powercut": a SQLite VFS over the default one that models a disk with a volatile cache. What is written stays in
 * memory until the file is synced; SIGKILL of the process is the power cut, and so is any other end of it.
 *
 *  - A share of the sectors that are written goes to the real file at once, each by chance, so that after the cut
 *    an arbitrary part of what was not synced is there: torn pages, and later writes without earlier ones.
 *  - xSync writes all of the file's sectors and its size to the real file. No fsync: the kernel survives the kill.
 *  - A truncation is volatile until the sync as well; creating and deleting a file are not.
 *  - Temporary files and shared memory (-shm) are the default VFS's.
 *
 * Invariants
 *  P1  A reader sees what was last written through any handle of this process: all handles of a path share one
 *      `struct disk`. (Another process would see only the real file.)
 *  P2  The truth about a file is: zeros, over them the real file up to `real_valid`, over that the dirty sectors,
 *      all cut at `size`.
 *  P3  Between two syncs the real file changes only by whole sectors (the last one cut at `size`).
 *
 * Environment: HERALD_POWERCUT (set: use it), HERALD_POWERCUT_SEED (a number), HERALD_POWERCUT_SHARE (percent, 30).
 *
 * Any thread; lock order: registry, then a disk.
 */
#include "db/vfs_powercut.h"

#ifdef HERALD_FAULTS

#include "base/alloc.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define NAME "powercut"
#define SECTOR 512
#define EXTENT_SECTORS 64
#define EXTENT ((sqlite3_int64)SECTOR * EXTENT_SECTORS)
#define DURABLE_KINDS                                                                                        \
    (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)

struct extent {
    uint64_t dirty; /* a bit for each sector */
    unsigned char data[EXTENT_SECTORS * SECTOR];
};

/* A file, as the disk's cache has it. */
struct disk {
    char *name;
    struct disk *next; /* under the registry's lock */
    int handles; /* likewise; a disk outlives its handles, as a disk's cache does */
    bool deleted; /* likewise */

    pthread_mutex_t lock; /* of all below */
    sqlite3_int64 size;
    sqlite3_int64 real_valid;
    struct extent **extents; /* by offset; NULL where nothing was ever written */
    size_t extent_count;
    uint64_t random;
};

/* An open file. The default VFS's own struct follows it in the same allocation. */
struct handle {
    sqlite3_file file; /* first: SQLite's view */
    struct disk *disk; /* NULL: not modelled */
    sqlite3_file *real;
};

/* What the VFS itself knows. There is one, as SQLite's list of VFSs is the process's. */
static struct {
    pthread_once_t once;
    bool wanted;
    sqlite3_vfs vfs;
    sqlite3_vfs *below;
    uint64_t seed;
    unsigned share; /* percent */
    pthread_mutex_t lock;
    struct disk *disks;
} registry = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

/* ── a disk; all with its lock held ──────────────────────────────────────────────────────────── */

/* Each sector falls by itself (splitmix64). */
static bool falls_through(struct disk *disk)
{
    uint64_t x = disk->random += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (x >> 33) % 100 < registry.share;
}

static struct extent *extent_at(const struct disk *disk, sqlite3_int64 offset)
{
    size_t i = (size_t)(offset / EXTENT);
    return i < disk->extent_count ? disk->extents[i] : NULL;
}

static struct extent *extent_made(struct disk *disk, sqlite3_int64 offset)
{
    size_t i = (size_t)(offset / EXTENT);
    if (i >= disk->extent_count) {
        size_t count = 2 * i + 16;
        disk->extents = mem_realloc(disk->extents, count * sizeof(struct extent *));
        memset(disk->extents + disk->extent_count, 0, (count - disk->extent_count) * sizeof(struct extent *));
        disk->extent_count = count;
    }
    if (!disk->extents[i])
        disk->extents[i] = mem_zalloc(sizeof(struct extent));
    return disk->extents[i];
}

static unsigned sector_in_extent(sqlite3_int64 offset)
{
    return (unsigned)(offset % EXTENT / SECTOR);
}

static bool is_dirty(const struct extent *extent, unsigned sector)
{
    return extent && extent->dirty >> sector & 1;
}

static int read_real(
    const struct disk *disk, sqlite3_file *real, unsigned char *out, int len, sqlite3_int64 offset)
{
    memset(out, 0, (size_t)len);
    sqlite3_int64 there = disk->real_valid - offset;
    if (there <= 0)
        return SQLITE_OK;
    int rc = real->pMethods->xRead(real, out, there < len ? (int)there : len, offset);
    return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : rc;
}

/* P2, for a range that lies in one sector. */
static void overlay_sector(const struct disk *disk, unsigned char *out, int len, sqlite3_int64 offset)
{
    const struct extent *extent = extent_at(disk, offset);
    if (is_dirty(extent, sector_in_extent(offset)))
        memcpy(out, extent->data + offset % EXTENT, (size_t)len);
}

/* The length of the part of a range that lies in its first sector. */
static int in_first_sector(sqlite3_int64 offset, int len)
{
    int rest = SECTOR - (int)(offset % SECTOR);
    return len < rest ? len : rest;
}

static int read_view(
    const struct disk *disk, sqlite3_file *real, unsigned char *out, int len, sqlite3_int64 offset)
{
    int rc = read_real(disk, real, out, len, offset);
    for (int at = 0, part; at < len && rc == SQLITE_OK; at += part) {
        part = in_first_sector(offset + at, len - at);
        overlay_sector(disk, out + at, part, offset + at);
    }
    if (rc != SQLITE_OK || offset + len <= disk->size)
        return rc;
    sqlite3_int64 kept = disk->size > offset ? disk->size - offset : 0;
    memset(out + kept, 0, (size_t)(len - kept));
    return SQLITE_IOERR_SHORT_READ;
}

/* Writes `count` neighbouring sectors of an extent to the real file, cut at the size (P3). */
static int flush_sectors(
    const struct disk *disk, sqlite3_file *real, sqlite3_int64 extent_offset, unsigned first, unsigned count)
{
    const struct extent *extent = extent_at(disk, extent_offset);
    sqlite3_int64 offset = extent_offset + (sqlite3_int64)first * SECTOR, len = (sqlite3_int64)count * SECTOR;
    if (offset + len > disk->size)
        len = disk->size - offset;
    if (len <= 0)
        return SQLITE_OK;
    return real->pMethods->xWrite(real, extent->data + (size_t)first * SECTOR, (int)len, offset);
}

/* A write that lies in one sector. */
static int write_sector(
    struct disk *disk, sqlite3_file *real, const unsigned char *data, int len, sqlite3_int64 offset)
{
    struct extent *extent = extent_made(disk, offset);
    unsigned sector = sector_in_extent(offset);
    unsigned char *start = extent->data + (size_t)sector * SECTOR;
    if (!is_dirty(extent, sector)) {
        int rc = read_view(disk, real, start, SECTOR, offset - offset % SECTOR);
        if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
            return rc;
    }
    memcpy(start + offset % SECTOR, data, (size_t)len);
    extent->dirty |= UINT64_C(1) << sector;
    if (disk->size < offset + len)
        disk->size = offset + len;
    return falls_through(disk) ? flush_sectors(disk, real, offset - offset % EXTENT, sector, 1) : SQLITE_OK;
}

static int flush_extent(struct disk *disk, sqlite3_file *real, size_t index)
{
    struct extent *extent = disk->extents[index];
    int rc = SQLITE_OK;
    for (unsigned first = 0, count; first < EXTENT_SECTORS && rc == SQLITE_OK; first += count ? count : 1) {
        count = 0;
        while (first + count < EXTENT_SECTORS && is_dirty(extent, first + count))
            count++;
        if (count)
            rc = flush_sectors(disk, real, (sqlite3_int64)index * EXTENT, first, count);
    }
    if (rc == SQLITE_OK)
        extent->dirty = 0;
    return rc;
}

static int sync_disk(struct disk *disk, sqlite3_file *real)
{
    sqlite3_int64 real_size;
    int rc = real->pMethods->xFileSize(real, &real_size);
    if (rc == SQLITE_OK && real_size > disk->real_valid)
        rc = real->pMethods->xTruncate(real, disk->real_valid);
    for (size_t i = 0; i < disk->extent_count && rc == SQLITE_OK; i++)
        if (disk->extents[i] && disk->extents[i]->dirty)
            rc = flush_extent(disk, real, i);
    if (rc == SQLITE_OK)
        disk->real_valid = disk->size;
    return rc;
}

/* Sectors beyond the new size are forgotten; the bytes of the last one, so that growing again shows zeros. */
static void cut_extents(struct disk *disk)
{
    for (size_t i = (size_t)(disk->size / EXTENT); i < disk->extent_count; i++) {
        struct extent *extent = disk->extents[i];
        sqlite3_int64 kept = disk->size - (sqlite3_int64)i * EXTENT;
        if (!extent)
            continue;
        if (kept <= 0) {
            extent->dirty = 0;
            continue;
        }
        memset(extent->data + kept, 0, (size_t)(EXTENT - kept));
        unsigned sectors = (unsigned)((kept + SECTOR - 1) / SECTOR);
        if (sectors < EXTENT_SECTORS)
            extent->dirty &= (UINT64_C(1) << sectors) - 1;
    }
}

static void truncate_disk(struct disk *disk, sqlite3_int64 size)
{
    bool shrinks = size < disk->size;
    disk->size = size;
    if (!shrinks)
        return;
    if (disk->real_valid > size)
        disk->real_valid = size;
    cut_extents(disk);
}

/* ── the registry; all with its lock held ────────────────────────────────────────────────────── */

static struct disk **disk_named(const char *name)
{
    struct disk **at = &registry.disks;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < disk->extent_count; i++)
        mem_free(disk->extents[i]);
    mem_free(disk->extents);
    mem_free(disk->name);
    pthread_mutex_destroy(&disk->lock);
    mem_free(disk);
}

/* The name means another file from now on; handles that are open keep this one. */
static void forget_disk(struct disk **at)
{
    struct disk *disk = *at;
    if (!disk)
        return;
    *at = disk->next;
    disk->deleted = true;
    if (disk->handles == 0)
        disk_free(disk);
}

static struct disk *disk_made(const char *name, sqlite3_int64 real_size)
{
    struct disk *disk = mem_zalloc(sizeof *disk);
    disk->name = mem_strdup(name);
    disk->size = disk->real_valid = real_size;
    disk->random = registry.seed;
    for (const char *c = name; *c; c++)
        disk->random = (disk->random ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    pthread_mutex_init(&disk->lock, NULL);
    disk->next = registry.disks;
    registry.disks = disk;
    return disk;
}

/* ── a file's methods ────────────────────────────────────────────────────────────────────────── */

static struct handle *self(sqlite3_file *file)
{
    return (struct handle *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return self(file)->real;
}

static int file_close(sqlite3_file *file)
{
    struct handle *h = self(file);
    int rc = h->real->pMethods->xClose(h->real);
    if (!h->disk)
        return rc;
    pthread_mutex_lock(&registry.lock);
    if (--h->disk->handles == 0 && h->disk->deleted)
        disk_free(h->disk);
    pthread_mutex_unlock(&registry.lock);
    return rc;
}

static int file_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    struct handle *h = self(file);
    if (!h->disk)
        return h->real->pMethods->xRead(h->real, out, len, offset);
    pthread_mutex_lock(&h->disk->lock);
    int rc = read_view(h->disk, h->real, out, len, offset);
    pthread_mutex_unlock(&h->disk->lock);
    return rc;
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    struct handle *h = self(file);
    if (!h->disk)
        return h->real->pMethods->xWrite(h->real, data, len, offset);
    pthread_mutex_lock(&h->disk->lock);
    int rc = SQLITE_OK;
    for (int at = 0, part; at < len && rc == SQLITE_OK; at += part) {
        part = in_first_sector(offset + at, len - at);
        rc = write_sector(h->disk, h->real, (const unsigned char *)data + at, part, offset + at);
    }
    pthread_mutex_unlock(&h->disk->lock);
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *h = self(file);
    if (!h->disk)
        return h->real->pMethods->xTruncate(h->real, size);
    pthread_mutex_lock(&h->disk->lock);
    truncate_disk(h->disk, size);
    pthread_mutex_unlock(&h->disk->lock);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct handle *h = self(file);
    if (!h->disk)
        return SQLITE_OK;
    pthread_mutex_lock(&h->disk->lock);
    int rc = sync_disk(h->disk, h->real);
    pthread_mutex_unlock(&h->disk->lock);
    return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct handle *h = self(file);
    if (!h->disk)
        return h->real->pMethods->xFileSize(h->real, size);
    pthread_mutex_lock(&h->disk->lock);
    *size = h->disk->size;
    pthread_mutex_unlock(&h->disk->lock);
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

/* Hints that would change, or map, the real file behind this module's back are taken and dropped. */
static int file_control(sqlite3_file *file, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    if (op == SQLITE_FCNTL_MMAP_SIZE) {
        *(sqlite3_int64 *)arg = 0;
        return SQLITE_OK;
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

/* Version 2: shared memory, but no memory-mapped reading, which would not see the cache. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ── the VFS's methods ───────────────────────────────────────────────────────────────────────── */

/* The registry's lock is held from before the file is made, so that a deletion falls before or after it. */
static int open_durable(struct handle *h, const char *name, int flags, int *out_flags)
{
    struct disk **known = disk_named(name);
    if (*known && (*known)->handles == 0 && access(name, F_OK) != 0)
        forget_disk(known); /* somebody removed it behind our back */
    int rc = registry.below->xOpen(registry.below, name, h->real, flags, out_flags);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_int64 size;
    rc = h->real->pMethods->xFileSize(h->real, &size);
    if (rc != SQLITE_OK) {
        h->real->pMethods->xClose(h->real);
        return rc;
    }
    known = disk_named(name);
    h->disk = *known ? *known : disk_made(name, size);
    h->disk->handles++;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    struct handle *h = self(file);
    *h = (struct handle){.real = (sqlite3_file *)(h + 1)};
    int rc;
    if (name && (flags & DURABLE_KINDS) && !(flags & SQLITE_OPEN_DELETEONCLOSE)) {
        pthread_mutex_lock(&registry.lock);
        rc = open_durable(h, name, flags, out_flags);
        pthread_mutex_unlock(&registry.lock);
    } else {
        rc = registry.below->xOpen(registry.below, name, h->real, flags, out_flags);
    }
    h->file.pMethods = rc == SQLITE_OK ? &file_methods : NULL;
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&registry.lock);
    int rc = registry.below->xDelete(registry.below, name, sync_folder);
    if (rc == SQLITE_OK || rc == SQLITE_IOERR_DELETE_NOENT)
        forget_disk(disk_named(name));
    pthread_mutex_unlock(&registry.lock);
    return rc;
}

/* For SQLite a file "exists" if it is not empty, and of an unsynced one the real file may be. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    int rc = registry.below->xAccess(registry.below, name, flags, out);
    if (rc != SQLITE_OK || flags != SQLITE_ACCESS_EXISTS)
        return rc;
    pthread_mutex_lock(&registry.lock);
    struct disk *disk = *disk_named(name);
    if (disk && access(name, F_OK) == 0) {
        pthread_mutex_lock(&disk->lock);
        *out = disk->size > 0;
        pthread_mutex_unlock(&disk->lock);
    }
    pthread_mutex_unlock(&registry.lock);
    return SQLITE_OK;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Everything but files is the default VFS's: its other methods do not look at the struct they are called with. */
static void register_once(void)
{
    registry.wanted = getenv("HERALD_POWERCUT") != NULL;
    registry.below = sqlite3_vfs_find(NULL);
    if (!registry.wanted || !registry.below)
        return;
    registry.seed = number_from("HERALD_POWERCUT_SEED", (uint64_t)getpid());
    registry.share = (unsigned)number_from("HERALD_POWERCUT_SHARE", 30);
    registry.vfs = *registry.below;
    registry.vfs.zName = NAME;
    registry.vfs.pNext = NULL;
    registry.vfs.szOsFile = (int)sizeof(struct handle) + registry.below->szOsFile;
    registry.vfs.xOpen = vfs_open;
    registry.vfs.xDelete = vfs_delete;
    registry.vfs.xAccess = vfs_access;
    registry.wanted = sqlite3_vfs_register(&registry.vfs, 0) == SQLITE_OK;
}

const char *powercut_vfs_name(void)
{
    pthread_once(&registry.once, register_once);
    return registry.wanted ? NAME : NULL;
}

#endif
