#include "db/engine.h"

#include "base/alloc.h"
#include "base/buf.h"

/* Statements are Herald's own literals; tokens make one longer by less than TOKENS_MOST. */
#define TOKENS_MOST 4096
#define SQL_MOST ((size_t)1 << 20)

struct token {
    const char *word;
    const char *sqlite;
    const char *postgres;
};

#define SQLITE_NOW                                                                                           \
    "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) " \
    "* 1000)"
#define POSTGRES_NOW "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

static const struct token tokens[] = {
    /* Keys never change, so who only refers to a row (a foreign key's KEY SHARE) waits for nobody. */
    {"{share}", "", " FOR SHARE"}, {"{update}", "", " FOR NO KEY UPDATE"},
    {"{update_free}", "", " FOR UPDATE SKIP LOCKED"}, {"{now}", SQLITE_NOW, POSTGRES_NOW},
    {"{id}", "BLOB", "uuid"}, {"{int}", "INTEGER", "bigint"}, {"{text}", "TEXT", "text COLLATE \"C\""},
    {"{bytes}", "BLOB", "bytea"}, {"{strict}", " STRICT", ""}, {"{clustered}", " STRICT, WITHOUT ROWID", ""},
    {"{semicolon}", ";", ";"}, /* inside one statement of a script */
};

static const struct token *token_at(const char *sql)
{
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        if (strncmp(sql, tokens[i].word, strlen(tokens[i].word)) == 0)
            return &tokens[i];
    return NULL;
}

/* The length of the quoted text that begins here, 0 if none does. '' inside reads as two texts, which is the
 * same. */
static size_t quoted_len(const char *sql)
{
    if (*sql != '\'')
        return 0;
    const char *end = strchr(sql + 1, '\'');
    return end ? (size_t)(end - sql) + 1 : strlen(sql);
}

/* Sizes are Herald's own, so this never fails: a statement that lost its end would be another statement. */
char *engine_rewrite(const char *sql, enum db_engine engine)
{
    struct buf out = BUF_INIT(SQL_MOST);
    buf_reserve(&out, strlen(sql) + TOKENS_MOST);
    while (*sql) {
        size_t quoted = quoted_len(sql);
        const struct token *token = *sql == '{' ? token_at(sql) : NULL;
        if (quoted) {
            buf_add(&out, sql, quoted);
            sql += quoted;
        } else if (token) {
            buf_add_text(&out, engine == DB_SQLITE ? token->sqlite : token->postgres);
            sql += strlen(token->word);
        } else {
            bool parameter = engine == DB_SQLITE && sql[0] == '$' && sql[1] >= '0' && sql[1] <= '9';
            buf_add(&out, parameter ? "?" : sql, 1);
            sql++;
        }
    }
    return buf_take(&out);
}
