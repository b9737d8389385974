-- The search of records (src/crm/search.h). One row for each record that is not archived. Statements that begin
-- with {sqlite} or {postgres} are for that engine only: the trigrams are FTS5's here and pg_trgm's there.

{sqlite} CREATE TABLE record_search (
    entry INTEGER PRIMARY KEY,          -- record_text.rowid
    record_id {id} NOT NULL,
    business_id {id} NOT NULL,
    object_id {id} NOT NULL,
    sort_name {text} NOT NULL,          -- folded
    sort_email {text} NOT NULL,
    UNIQUE (record_id, business_id)
) {strict};
{sqlite} CREATE VIRTUAL TABLE record_text USING fts5(scope, folded, tokenize = 'trigram case_sensitive 1');

-- Both extensions are trusted: whoever may create schemas in the database may create them. Several schemas of one
-- database may be migrated at once, which share them.
{postgres} SELECT pg_advisory_xact_lock(7203465);
{postgres} CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
{postgres} CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;
{postgres} CREATE TABLE record_search (
    record_id {id} NOT NULL,
    business_id {id} NOT NULL,
    object_id {id} NOT NULL,
    sort_name {text} NOT NULL,          -- folded
    sort_email {text} NOT NULL,
    folded {text} NOT NULL,
    PRIMARY KEY (record_id, business_id)
);
{postgres} CREATE INDEX record_search_text ON record_search USING gin (object_id, folded public.gin_trgm_ops)
    WITH (fastupdate = off);

CREATE INDEX record_search_name ON record_search (object_id, sort_name, record_id);
CREATE INDEX record_search_email ON record_search (object_id, sort_email, record_id);
CREATE INDEX record_search_age ON record_search (object_id, record_id);

-- Those that have not been put there yet: search_catch_up (src/crm/record.h) does.
ALTER TABLE record ADD COLUMN searched {int} NOT NULL DEFAULT 0;
CREATE INDEX record_unsearched ON record (id, business_id) WHERE searched = 0;
