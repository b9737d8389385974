#include "cli/node.h"

#include "base/clock.h"
#include "base/dirlock.h"
#include "base/log.h"

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

static enum err_code prepare_database(const struct db_config *config, struct error *err)
{
    CLEANUP(db_close_ptr) struct db *db = NULL;
    int version = 0;
    enum err_code code = db_open(config, false, &db, err);
    if (!code)
        code = db_check_durable(db, err);
    return code ? code : db_migrate(db, &version, err);
}

static enum err_code start_dispatcher(
    struct arena *arena, const struct settings *settings, struct node *node, struct error *err)
{
    const struct guard *guard;
    enum err_code code = guard_new(arena, &settings->allow_targets, &guard, err);
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

static enum err_code start_writer(const struct settings *settings, struct node *node, struct error *err)
{
    struct writer_config config = {.db = &node->db,
        .node = node->id,
        .lease_us = settings->lease_us,
        .batch_most = (size_t)settings->batch_most,
        .queue_most = (size_t)settings->queue_most,
        .read_again = node->dispatcher ? dispatcher_read_again : NULL,
        .lane_lost = node->dispatcher ? dispatcher_lane_lost : NULL,
        .read_again_ctx = node->dispatcher};
    enum err_code code = writer_start(&config, &node->crm.writer, err);
    if (code || !node->dispatcher)
        return code;
    node->sink = dispatcher_sink(node->dispatcher);
    delivery_register(&node->crm, &node->sink);
    dispatcher_attach(node->dispatcher, node->crm.writer);
    return ERR_OK;
}

enum err_code node_start(
    struct arena *arena, const struct settings *settings, bool sends, struct node *node, struct error *err)
{
    *node = (struct node){.lock = -1};
    node->db = (struct db_config){.engine = settings->database ? DB_POSTGRES : DB_SQLITE,
        .path = arena_printf(arena, "%s/herald.db", settings->data),
        .conninfo = settings->database,
        .unsafe_no_sync = settings->unsafe_no_sync};
    enum err_code code = dirlock_take(settings->data, &node->lock, err);
    if (!code)
        code = read_node_id(settings->data, &node->id, err);
    if (!code)
        code = prepare_database(&node->db, err);
    if (!code && sends)
        code = start_dispatcher(arena, settings, node, err);
    if (!code)
        code = start_writer(settings, node, err);
    if (code)
        node_stop(node, 0);
    return code;
}

void node_stop(struct node *node, int64_t drain_us)
{
    int64_t by = clock_boot_us() + drain_us;
    if (node->dispatcher)
        dispatcher_drain(node->dispatcher, drain_us);
    int64_t left = by - clock_boot_us();
    if (node->crm.writer)
        writer_stop(node->crm.writer, left > 0 ? left : 0);
    if (node->dispatcher)
        dispatcher_free(node->dispatcher);
    dirlock_release(node->lock);
    *node = (struct node){.lock = -1};
}
