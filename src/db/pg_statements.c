#include "db/pg_statements.h"

#include "base/alloc.h"
#include "db/engine.h"

#define BUCKETS 512 /* power of two */
#define FULL 1024
#define TEXT_MOST ((size_t)64 << 10) /* bytes of an INSERT's text */

struct pg_statements {
    struct pg_statement *buckets[BUCKETS];
    size_t count;
    unsigned next_name; /* grows for ever: a name is never used twice on a connection */
};

struct pg_statements *pg_statements_new(void)
{
    return mem_zalloc(sizeof(struct pg_statements));
}

static void free_list(struct pg_statement *statement)
{
    while (statement) {
        struct pg_statement *next = statement->next;
        mem_free(statement->source);
        mem_free(statement->text);
        mem_free(statement->oids);
        mem_free(statement);
        statement = next;
    }
}

void pg_statements_clear(struct pg_statements *all)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        free_list(all->buckets[i]);
        all->buckets[i] = NULL;
    }
    all->count = 0;
}

void pg_statements_free(struct pg_statements *all)
{
    pg_statements_clear(all);
    mem_free(all);
}

bool pg_statements_full(const struct pg_statements *all)
{
    return all->count >= FULL;
}

static size_t bucket_of(const void *key)
{
    return (size_t)(((uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (BUCKETS - 1);
}

/* What is looked for: either a text or an insert. */
struct wanted {
    const char *sql;
    const struct db_insert *insert;
    const struct db_value *values;
    size_t count;
};

static const void *key_of(const struct wanted *want)
{
    return want->sql ? (const void *)want->sql : want->insert;
}

static Oid oid_of(const struct wanted *want, size_t i)
{
    return want->sql ? pg_type_oid(want->values[i].type) : pg_array_oid(want->values[i].type);
}

/* An insert's source is "table,column,column,", with a "?" at the end for or_ignore. */
static char *insert_source(const struct db_insert *insert)
{
    struct buf source = BUF_INIT(TEXT_MOST);
    buf_printf(&source, "%s,", insert->table);
    for (size_t i = 0; i < insert->column_count; i++)
        buf_printf(&source, "%s,", insert->columns[i]);
    buf_add_text(&source, insert->or_ignore ? "?" : "");
    return buf_take(&source);
}

/* Steps over "word,", or gives NULL if something else comes. */
static const char *skip_word(const char *source, const char *word)
{
    size_t len = strlen(word);
    return source && strncmp(source, word, len) == 0 && source[len] == ',' ? source + len + 1 : NULL;
}

static bool is_insert_source(const char *source, const struct db_insert *insert)
{
    source = skip_word(source, insert->table);
    for (size_t i = 0; i < insert->column_count; i++)
        source = skip_word(source, insert->columns[i]);
    return source && strcmp(source, insert->or_ignore ? "?" : "") == 0;
}

static bool fits(const struct pg_statement *statement, const struct wanted *want)
{
    if (statement->key != key_of(want) || statement->count != want->count)
        return false;
    for (size_t i = 0; i < want->count; i++)
        if (statement->oids[i] != oid_of(want, i))
            return false;
    return want->sql ? strcmp(statement->source, want->sql) == 0
                     : is_insert_source(statement->source, want->insert);
}

static struct pg_statement *add(
    struct pg_statements *all, struct pg_statement **bucket, const struct wanted *want)
{
    struct pg_statement *statement = mem_zalloc(sizeof *statement);
    statement->next = *bucket;
    statement->key = key_of(want);
    statement->source = want->sql ? mem_strdup(want->sql) : insert_source(want->insert);
    statement->count = want->count;
    statement->oids = mem_alloc(want->count * sizeof(Oid));
    for (size_t i = 0; i < want->count; i++)
        statement->oids[i] = oid_of(want, i);
    snprintf(statement->name, sizeof statement->name, "h%u", ++all->next_name);
    *bucket = statement;
    all->count++;
    return statement;
}

/* New ones have no text yet. */
static struct pg_statement *find_or_add(struct pg_statements *all, const struct wanted *want)
{
    struct pg_statement **bucket = &all->buckets[bucket_of(key_of(want))];
    for (struct pg_statement *at = *bucket; at; at = at->next)
        if (fits(at, want))
            return at;
    return add(all, bucket, want);
}

struct pg_statement *pg_statements_sql(
    struct pg_statements *all, const char *sql, const struct db_value *values, size_t count)
{
    struct pg_statement *found =
        find_or_add(all, &(struct wanted){.sql = sql, .values = values, .count = count});
    if (!found->text)
        found->text = engine_rewrite(sql, DB_POSTGRES);
    return found;
}

static char *insert_text(const struct db_insert *insert, const struct db_value *values)
{
    struct buf sql = BUF_INIT(TEXT_MOST);
    buf_printf(&sql, "INSERT INTO %s (", insert->table);
    for (size_t i = 0; i < insert->column_count; i++)
        buf_printf(&sql, "%s%s", i ? ", " : "", insert->columns[i]);
    buf_add_text(&sql, ") SELECT * FROM unnest(");
    for (size_t i = 0; i < insert->column_count; i++)
        buf_printf(&sql, "%s$%zu::%s", i ? ", " : "", i + 1, pg_array_name(values[i].type));
    buf_printf(&sql, ")%s", insert->or_ignore ? " ON CONFLICT DO NOTHING" : "");
    return buf_take(&sql);
}

struct pg_statement *pg_statements_insert(
    struct pg_statements *all, const struct db_insert *insert, const struct db_value *values)
{
    struct pg_statement *found =
        find_or_add(all, &(struct wanted){.insert = insert, .values = values, .count = insert->column_count});
    if (!found->text)
        found->text = insert_text(insert, values);
    return found;
}
