#include "db/pg_wire.h"

#include <endian.h>
#include <limits.h>

/* Type numbers are fixed in PostgreSQL's catalog. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_VARCHAR = 1043,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_BYTEA_ARRAY = 1001,
    OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016,
    OID_UUID_ARRAY = 2951,
};

#define VALUE_MOST                                                                                           \
    ((size_t)256 << 20) /* bytes of one parameter; PostgreSQL's own limit is 1 GB a message   \
                                        */

static const struct {
    Oid oid, array;
    const char *array_name;
} types[] = {
    [DB_ID] = {OID_UUID, OID_UUID_ARRAY, "uuid[]"},
    [DB_INT] = {OID_INT8, OID_INT8_ARRAY, "int8[]"},
    [DB_TEXT] = {OID_TEXT, OID_TEXT_ARRAY, "text[]"},
    [DB_BYTES] = {OID_BYTEA, OID_BYTEA_ARRAY, "bytea[]"},
};

Oid pg_type_oid(enum db_type type)
{
    return types[type].oid;
}

Oid pg_array_oid(enum db_type type)
{
    return types[type].array;
}

const char *pg_array_name(enum db_type type)
{
    return types[type].array_name;
}

static enum err_code too_large(size_t most, struct error *err)
{
    return error_set(err, ERR_TOO_LARGE,
        "What is to be stored is over %zu MB, more than the database takes at once.", most >> 20);
}

static enum err_code check_value(
    const struct db_value *value, const struct db_value *first, struct error *err)
{
    if (value->type != first->type)
        return error_set(err, ERR_INTERNAL, "The rows of a statement have values of different types.");
    bool sized = value->type == DB_TEXT || value->type == DB_BYTES;
    return sized && !value->null && value->len > VALUE_MOST ? too_large(VALUE_MOST, err) : ERR_OK;
}

enum err_code pg_values_check(const struct db_value *values, size_t per_row, size_t n, struct error *err)
{
    if (per_row > PG_PARAMS_MOST)
        return error_set(
            err, ERR_INTERNAL, "A statement has %zu parameters; %d is the most.", per_row, PG_PARAMS_MOST);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < n * per_row && !code; i++)
        code = check_value(&values[i], &values[i % per_row], err);
    return code;
}

/* The value's bytes as they are sent; `number` holds an integer's. */
static const char *wire_bytes(const struct db_value *value, uint64_t *number, size_t *len)
{
    switch (value->type) {
    case DB_ID:
        *len = sizeof value->id.bytes;
        return (const char *)value->id.bytes;
    case DB_INT:
        *number = htobe64((uint64_t)value->number);
        *len = sizeof *number;
        return (const char *)number;
    case DB_TEXT:
    case DB_BYTES:
        break;
    }
    *len = value->data ? value->len : 0;
    return value->data ? value->data : "";
}

void pg_params_fill(struct pg_params *out, const struct db_value *values, size_t count)
{
    out->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;
        out->values[i] = values[i].null ? NULL : wire_bytes(&values[i], &out->numbers[i], &len);
        out->lengths[i] = (int)len;
        out->formats[i] = 1;
    }
}

static void add_int32(struct buf *buf, uint32_t number)
{
    uint32_t wire = htobe32(number);
    buf_add(buf, &wire, sizeof wire);
}

/* One dimension with n elements, numbered from 1; "has NULLs" is only a hint, so it always says yes. */
static void add_array_header(struct buf *buf, enum db_type type, size_t n)
{
    add_int32(buf, 1);
    add_int32(buf, 1);
    add_int32(buf, types[type].oid);
    add_int32(buf, (uint32_t)n);
    add_int32(buf, 1);
}

static void add_element(struct buf *buf, const struct db_value *value)
{
    if (value->null) {
        add_int32(buf, UINT32_MAX);
        return;
    }
    uint64_t number;
    size_t len;
    const char *data = wire_bytes(value, &number, &len);
    add_int32(buf, (uint32_t)len);
    buf_add(buf, data, len);
}

enum err_code pg_params_fill_arrays(struct pg_params *out, struct buf *space, const struct db_value *values,
    size_t columns, size_t n, struct error *err)
{
    size_t starts[PG_PARAMS_MOST + 1];
    buf_reset(space);
    for (size_t col = 0; col < columns; col++) {
        starts[col] = space->len;
        add_array_header(space, values[col].type, n);
        for (size_t row = 0; row < n; row++)
            add_element(space, &values[row * columns + col]);
    }
    if (space->overflow)
        return too_large(space->cap, err);
    starts[columns] = space->len;
    out->count = (int)columns;
    for (size_t col = 0; col < columns; col++) {
        out->values[col] = space->data + starts[col];
        out->lengths[col] = (int)(starts[col + 1] - starts[col]);
        out->formats[col] = 1;
    }
    return ERR_OK;
}

/* Big-endian two's complement of 1 to 8 bytes. */
static int64_t signed_of(const unsigned char *data, int len)
{
    uint64_t number = data[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < len; i++)
        number = number << 8 | data[i];
    return (int64_t)number;
}

/*
 * sum() of bigint is a numeric: int16 count, weight, sign, scale, then base-10000 digits, the first of them
 * worth 10000^weight. Fractions are cut off; beyond int64 it is the nearest.
 */
static int64_t numeric_int(const unsigned char *data, int len)
{
    if (len < 8)
        return 0;
    int count = (int)signed_of(data, 2), weight = (int)signed_of(data + 2, 2);
    unsigned sign = (unsigned)(data[4] << 8 | data[5]);
    if (sign != 0 && sign != 0x4000)
        return 0;
    __int128 number = 0;
    for (int i = 0; i <= weight && number <= INT64_MAX; i++) {
        bool present = i < count && 8 + 2 * i + 2 <= len;
        number = number * 10000 + (present ? signed_of(data + 8 + (ptrdiff_t)2 * i, 2) : 0);
    }
    if (sign)
        return number > INT64_MAX ? INT64_MIN : (int64_t)-number;
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

int64_t pg_read_int(const PGresult *res, int row, int col)
{
    if (PQgetisnull(res, row, col))
        return 0;
    const unsigned char *data = (const unsigned char *)PQgetvalue(res, row, col);
    int len = PQgetlength(res, row, col);
    switch (PQftype(res, col)) {
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
        return len > 0 && len <= 8 ? signed_of(data, len) : 0;
    case OID_BOOL:
        return len == 1 && data[0] != 0;
    case OID_NUMERIC:
        return numeric_int(data, len);
    default:
        return 0;
    }
}

struct id pg_read_id(const PGresult *res, int row, int col)
{
    struct id id = {0};
    bool is_id = PQftype(res, col) == OID_UUID && PQgetlength(res, row, col) == (int)sizeof id.bytes;
    if (is_id && !PQgetisnull(res, row, col))
        memcpy(id.bytes, PQgetvalue(res, row, col), sizeof id.bytes);
    return id;
}

const char *pg_read_text(const PGresult *res, int row, int col)
{
    Oid type = PQftype(res, col);
    bool is_text = type == OID_TEXT || type == OID_VARCHAR || type == OID_NAME;
    return is_text && !PQgetisnull(res, row, col) ? PQgetvalue(res, row, col) : NULL;
}

const void *pg_read_bytes(const PGresult *res, int row, int col, size_t *len)
{
    *len = 0;
    if (PQgetisnull(res, row, col))
        return NULL;
    *len = (size_t)PQgetlength(res, row, col);
    return PQgetvalue(res, row, col);
}

struct state_code {
    const char *prefix; /* of the SQLSTATE; the first that fits counts */
    enum err_code code;
};

static const struct state_code state_codes[] = {
    {"08P01", ERR_INTERNAL}, /* protocol violation: parameters that do not fit the statement */
    {"08", ERR_UNAVAILABLE}, /* connection */
    {"22021", ERR_INVALID}, /* text that is not UTF-8, or contains NUL */
    {"23505", ERR_CONFLICT}, /* unique */
    {"42P07", ERR_CONFLICT}, /* the table is there already */
    {"42710", ERR_CONFLICT}, /* likewise its type */
    {"23", ERR_INVALID}, /* other constraints */
    {"25006", ERR_UNAVAILABLE}, /* read-only: a primary that has become a standby */
    {"40001", ERR_BUSY}, /* serialization */
    {"40P01", ERR_BUSY}, /* deadlock */
    {"53", ERR_UNAVAILABLE}, /* disk, memory, connections */
    {"55P03", ERR_BUSY}, /* lock_timeout */
    {"57014", ERR_BUSY}, /* statement_timeout */
    {"57P", ERR_UNAVAILABLE}, /* shutting down, starting up */
    {"25P03", ERR_UNAVAILABLE}, /* idle_in_transaction_session_timeout: the session is gone */
};

enum err_code pg_state_code(const char *state)
{
    if (!state)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < ARRAY_LEN(state_codes); i++)
        if (strncmp(state, state_codes[i].prefix, strlen(state_codes[i].prefix)) == 0)
            return state_codes[i].code;
    return ERR_INTERNAL;
}
