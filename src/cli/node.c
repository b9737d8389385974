#include "cli/node.h"

#include "base/clock.h"
#include "base/dirlock.h"
#include "base/log.h"
#include "crm/housekeeping.h"
#include "crm/record.h"
#include "crm/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The node's lasting id, in DIR/node-id: made once. */
static enum err_code read_node_id(const char *dir, struct id *id, struct error *err)
{
    char path[4096], text[ID_TEXT_LEN + 2] = "";
    snprintf(path, sizeof path, "%s/node-id", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERR_UNAVAILABLE, "cannot open %s: %s", path, strerror(errno));
    ssize_t len = read(fd, text, ID_TEXT_LEN);
    enum err_code code = ERR_OK;
    if (len != ID_TEXT_LEN || !id_parse(text, ID_TEXT_LEN, id)) {
        *id = id_new();
        snprintf(text, sizeof text, "%s\n", id_format(*id).text);
        if (pwrite(fd, text, ID_TEXT_LEN + 1, 0) != ID_TEXT_LEN + 1 || fsync(fd) != 0)
            code = error_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(errno));
    }
    close(fd);
    return code;
}

bool node_is_in(const char *dir)
{
    static const char *const files[] = {"node-id", "engine", "herald.db"};
    char path[4096];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* ── the engine that a data folder belongs to: DIR/engine, made once ─────────────────────────── */

static const char *engine_name(enum db_engine engine)
{
    return engine == DB_POSTGRES ? "postgres" : "sqlite";
}

/* Empty when it is not known yet. A folder from before there was the file is told by its herald.db. */
static void read_engine(const char *path, const struct db_config *db, char text[16])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, 15) : 0;
    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (!*text && access(db->path, F_OK) == 0)
        snprintf(text, 16, "%s", engine_name(DB_SQLITE));
}

static enum err_code check_engine(const char *dir, const struct db_config *db, struct error *err)
{
    char path[4096], text[16];
    snprintf(path, sizeof path, "%s/engine", dir);
    read_engine(path, db, text);
    if (!*text || strcmp(text, engine_name(db->engine)) == 0)
        return ERR_OK;
    if (db->engine == DB_SQLITE)
        return error_set(err, ERR_INVALID,
            "%s belongs to a PostgreSQL database: name it with --database, or another folder with --data",
            dir);
    return error_set(err, ERR_INVALID,
        "%s has its data in SQLite: leave out --database, or name another folder with --data", dir);
}

/* After the database was there: an address that is wrong decides nothing. */
static enum err_code keep_engine(const char *dir, enum db_engine engine, struct error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/engine", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool failed = fd < 0 || dprintf(fd, "%s\n", engine_name(engine)) < 0 || fsync(fd) != 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    return failed ? error_set(err, ERR_UNAVAILABLE, "cannot write %s: %s", path, strerror(reason)) : ERR_OK;
}

static enum err_code prepare_database(const struct db_config *config, struct error *err)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    int version = 0;
    enum err_code code = db_open(config, false, &db, err);
    if (!code)
        code = db_check_durable(db, err);
    if (!code)
        code = db_migrate(db, &version, err);
    return code ? code : record_catch_up(db, err);
}

static enum err_code start_dispatcher(
    struct arena *arena, const struct settings *settings, struct node *node, struct error *err)
{
    const struct guard *guard;
    enum err_code code = guard_new(arena, &settings->targets, &guard, err);
    if (code)
        return code;
    struct dispatcher_config config = {.db = &node->db,
        .guard = guard,
        .request_us = settings->delivery_us,
        .connect_us = settings->delivery_connect_us,
        .in_flight_most = (int)settings->deliveries_most,
        .lookups_most = (int)settings->lookups_most};
    return dispatcher_start(&config, &node->dispatcher, err);
}

static enum err_code start_tail(const struct settings *settings, struct node *node, struct error *err)
{
    struct tail_config config = {
        .db = &node->db, .check_us = settings->stream_beat_us, .resume_most = settings->stream_resume_most};
    return tail_start(&config, &node->tail, err);
}

/* On the writer's thread. */
static void hear_of_commit(void *ctx, int64_t lane)
{
    struct node *node = ctx;
    if (node->tail)
        tail_wake(node->tail, lane);
    if (node->mailer && node->crm.mail_added)
        mailer_wake(node->mailer);
    node->crm.mail_added = false;
}

static enum err_code start_mailer(const struct settings *settings, struct node *node, struct error *err)
{
    struct mailer_config config = {.db = &node->db,
        .crm = &node->crm,
        .node = node->id,
        .smtp_url = settings->smtp_url,
        .smtp_user = settings->smtp_user,
        .smtp_password = settings->smtp_password,
        .smtp_ca = settings->smtp_ca,
        .smtp_plain = settings->smtp_plain,
        .from = settings->smtp_from,
        .public_url = settings->public_url,
        .retry_us = settings->smtp_retry_us};
    return mailer_start(node->mailer, &config, err);
}

static enum err_code start_writer(const struct settings *settings, struct node *node, struct error *err)
{
    struct writer_config config = {.db = &node->db,
        .node = node->id,
        .lease_us = settings->lease_us,
        .batch_most = (size_t)settings->batch_most,
        .queue_most = (size_t)settings->queue_most,
        .read_again = node->dispatcher ? dispatcher_read_again : NULL,
        .lane_lost = node->dispatcher ? dispatcher_lane_lost : NULL,
        .read_again_ctx = node->dispatcher,
        .committed = hear_of_commit,
        .committed_ctx = node};
    enum err_code code = writer_start(&config, &node->crm.writer, err);
    if (code || !node->dispatcher)
        return code;
    node->sink = dispatcher_sink(node->dispatcher);
    delivery_register(&node->crm, &node->sink);
    dispatcher_attach(node->dispatcher, node->crm.writer);
    return ERR_OK;
}

static enum err_code start_housekeeping(const struct settings *settings, struct node *node, struct error *err)
{
    struct housekeeping_config config = {.crm = &node->crm,
        .node = node->id,
        .every_us = settings->housekeeping_us,
        .timeline_us = settings->timeline_us};
    return housekeeping_start(&config, &node->housekeeping, err);
}

enum err_code node_start(
    struct arena *arena, const struct settings *settings, bool sends, struct node *node, struct error *err)
{
    *node = (struct node){.lock = -1, .crm.limits = settings->limits};
    node->db = (struct db_config){.engine = settings->database ? DB_POSTGRES : DB_SQLITE,
        .path = arena_printf(arena, "%s/herald.db", settings->data),
        .conninfo = settings->database,
        .unsafe_no_sync = settings->unsafe_no_sync};
    enum err_code code = dirlock_take(settings->data, &node->lock, err);
    if (!code)
        code = check_engine(settings->data, &node->db, err);
    if (!code)
        code = read_node_id(settings->data, &node->id, err);
    if (!code)
        code = prepare_database(&node->db, err);
    if (!code)
        code = keep_engine(settings->data, node->db.engine, err);
    if (!code && sends)
        code = start_dispatcher(arena, settings, node, err);
    if (!code && sends)
        code = start_tail(settings, node, err);
    node->crm.sends_mail = sends && settings->smtp_url;
    if (!code && node->crm.sends_mail)
        code = mailer_new(&node->mailer, err);
    if (!code)
        code = start_writer(settings, node, err);
    if (!code && node->mailer)
        code = start_mailer(settings, node, err);
    if (!code && sends)
        code = start_housekeeping(settings, node, err);
    if (code)
        node_stop(node, 0);
    return code;
}

void node_stop(struct node *node, int64_t drain_us)
{
    int64_t by = clock_boot_us() + drain_us;
    housekeeping_close(node->housekeeping);
    if (node->dispatcher)
        dispatcher_drain(node->dispatcher, drain_us);
    int64_t left = by - clock_boot_us();
    mailer_stop(node->mailer, left > 0 ? left : 0);
    left = by - clock_boot_us();
    if (node->crm.writer)
        writer_stop(node->crm.writer, left > 0 ? left : 0);
    if (node->dispatcher)
        dispatcher_free(node->dispatcher);
    housekeeping_free(node->housekeeping);
    tail_free(node->tail);
    dirlock_release(node->lock);
    *node = (struct node){.lock = -1};
}
