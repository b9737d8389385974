#include "base/emit.h"

#include "base/clock.h"
#include "base/text.h"

static void start(struct json *json, const char *name)
{
    if (json->comma)
        buf_add(json->out, ",", 1);
    json->comma = true;
    if (name) {
        text_json_quote(json->out, name);
        buf_add(json->out, ":", 1);
    }
}

static void open_with(struct json *json, const char *name, const char *bracket)
{
    start(json, name);
    buf_add(json->out, bracket, 1);
    json->comma = false;
}

static void close_with(struct json *json, const char *bracket)
{
    buf_add(json->out, bracket, 1);
    json->comma = true;
}

void emit_object(struct json *json, const char *name)
{
    open_with(json, name, "{");
}

void emit_object_end(struct json *json)
{
    close_with(json, "}");
}

void emit_array(struct json *json, const char *name)
{
    open_with(json, name, "[");
}

void emit_array_end(struct json *json)
{
    close_with(json, "]");
}

void emit_raw(struct json *json, const char *name, const char *value)
{
    start(json, name);
    buf_add_text(json->out, value);
}

void emit_text(struct json *json, const char *name, const char *text)
{
    if (!text) {
        emit_null(json, name);
        return;
    }
    start(json, name);
    text_json_quote(json->out, text);
}

void emit_int(struct json *json, const char *name, int64_t number)
{
    start(json, name);
    buf_printf(json->out, "%lld", (long long)number);
}

void emit_bool(struct json *json, const char *name, bool value)
{
    emit_raw(json, name, value ? "true" : "false");
}

void emit_null(struct json *json, const char *name)
{
    emit_raw(json, name, "null");
}

void emit_id(struct json *json, const char *name, struct id id)
{
    emit_text(json, name, id_is_nil(id) ? NULL : id_format(id).text);
}

void emit_time(struct json *json, const char *name, int64_t us)
{
    emit_text(json, name, us == 0 ? NULL : time_format(us).text);
}

void emit_moment(struct json *json, const char *name, int64_t us)
{
    emit_text(json, name, time_format(us).text);
}
