#include "crm/timeline_cursor.h"

#include <sodium.h>

/* "1", then for each lane: its distance from the one before, its epoch, its number in the epoch, as varints. */
#define VERSION 1
#define LANES_MOST 4096
#define TEXT_MOST 65536
#define VARINT_MOST 10
#define EPOCH_MASK (((uint64_t)1 << LANE_SEQ_BITS) - 1)
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void add(struct arena *arena, struct timeline_cursor *cursor, int64_t lane, int64_t seq)
{
    size_t n = cursor->count;
    if ((n & (n - 1)) == 0) { /* 0 and the powers of two: full */
        struct lane_pos *more = ARENA_ARRAY(arena, struct lane_pos, n ? 2 * n : 1);
        if (n)
            memcpy(more, cursor->lanes, n * sizeof *more);
        cursor->lanes = more;
    }
    cursor->lanes[cursor->count++] = (struct lane_pos){lane, seq};
}

enum err_code timeline_cursor_now(struct db *db, struct arena *arena, struct timeline_cursor *cursor,
    struct timeline_cursor *floors, struct error *err)
{
    CLEANUP(db_rows_close_ptr) struct db_rows *rows = NULL;
    *cursor = (struct timeline_cursor){0};
    if (floors)
        *floors = (struct timeline_cursor){0};
    enum err_code code = db_query(db,
        "SELECT l.id, (SELECT max(a.seq) FROM logged_activity a WHERE a.lane = l.id), "
        "(SELECT max(c.seq) FROM timeline_change c WHERE c.lane = l.id), "
        "(SELECT f.seq FROM timeline_floor f WHERE f.lane = l.id) FROM lane l ORDER BY l.id",
        DB_NO_PARAMS, &rows, err);
    while (!code && db_next(rows, &code, err)) {
        int64_t lane = db_col_int(rows, 0), logged = db_col_int(rows, 1), changed = db_col_int(rows, 2);
        int64_t floor = db_col_int(rows, 3), last = logged > changed ? logged : changed;
        add(arena, cursor, lane, last > floor ? last : floor);
        if (floors)
            add(arena, floors, lane, floor);
    }
    return code;
}

struct lane_pos *timeline_cursor_lane(const struct timeline_cursor *cursor, int64_t lane)
{
    for (size_t i = 0; i < cursor->count; i++)
        if (cursor->lanes[i].lane == lane)
            return &cursor->lanes[i];
    return NULL;
}

static size_t put(unsigned char *out, uint64_t number)
{
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        out[len++] = (unsigned char)(number | 0x80);
    out[len++] = (unsigned char)number;
    return len;
}

/* False: there is no number, or none that fits. */
static bool take(const unsigned char **at, const unsigned char *end, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
        unsigned char byte = *(*at)++;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

const char *timeline_cursor_text(struct arena *arena, const struct timeline_cursor *cursor)
{
    unsigned char *bytes = arena_alloc(arena, 1 + cursor->count * 3 * VARINT_MOST);
    size_t len = 0;
    int64_t before = 0;
    bytes[len++] = VERSION;
    for (size_t i = 0; i < cursor->count; i++) {
        uint64_t seq = (uint64_t)cursor->lanes[i].seq;
        len += put(bytes + len, (uint64_t)(cursor->lanes[i].lane - before));
        len += put(bytes + len, seq >> LANE_SEQ_BITS);
        len += put(bytes + len, seq & EPOCH_MASK);
        before = cursor->lanes[i].lane;
    }
    size_t room = sodium_base64_encoded_len(len, BASE64);
    char *text = arena_alloc(arena, room);
    return sodium_bin2base64(text, room, bytes, len, BASE64);
}

static bool take_lane(const unsigned char **at, const unsigned char *end, struct lane_pos *lane)
{
    uint64_t distance, epoch, n;
    if (!take(at, end, &distance) || !take(at, end, &epoch) || !take(at, end, &n))
        return false;
    if (distance == 0 || distance > INT32_MAX || epoch >= (1U << (63 - LANE_SEQ_BITS)) || n > EPOCH_MASK)
        return false;
    lane->lane += (int64_t)distance;
    lane->seq = (int64_t)(epoch << LANE_SEQ_BITS | n);
    return true;
}

bool timeline_cursor_parse(struct arena *arena, const char *text, struct timeline_cursor *cursor)
{
    size_t text_len = strlen(text), len = 0;
    if (text_len > TEXT_MOST)
        return false;
    unsigned char *bytes = arena_alloc(arena, text_len + 1);
    if (sodium_base642bin(bytes, text_len, text, text_len, NULL, &len, NULL, BASE64) != 0 || len == 0 ||
        bytes[0] != VERSION)
        return false;
    size_t room = len / 3 < LANES_MOST ? len / 3 : LANES_MOST;
    *cursor = (struct timeline_cursor){.lanes = ARENA_ARRAY(arena, struct lane_pos, room + 1)};
    struct lane_pos lane = {0};
    for (const unsigned char *at = bytes + 1, *end = bytes + len; at < end;) {
        if (cursor->count == room || !take_lane(&at, end, &lane))
            return false;
        cursor->lanes[cursor->count++] = lane;
    }
    return true;
}
