/* What a search finds, as far as it is pure (crm/search.h): folding, the indexed text, the needles. */
#include "crm/search.h"

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void folds(void **state)
{
    (void)state;
    static const struct {
        const char *text, *folded;
    } examples[] = {
        {"", ""},
        {"  Maria\t\nTHOMPSON ", "maria thompson"},
        {"STRASSE", "strasse"},
        {"Straße", "strasse"},
        {"Ωmega ΣΊΣΥΦΟΣ", "ωmega σίσυφοσ"},
        {"ISTANBUL", "istanbul"},
        {"İstanbul", "istanbul"},
        {"ıstanbul", "istanbul"},
        {"Zoe\xcc\x88", "zo\xc3\xab"}, /* composed */
        {"José", "josé"}, /* accents count */
        {"٠١٢ ४५", "012 45"},
        {"a\xe2\x80\x8f\xd7\xa9", "a\xd7\xa9"}, /* a mark of direction */
        {"a\x01"
         "b\x7f"
         "c",
            "a b c"},
        {"👍🏽", "👍🏽"},
    };
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        assert_string_equal(search_fold(arena, examples[i].text), examples[i].folded);
}

static void a_sort_key_is_cut_between_characters(void **state)
{
    (void)state;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    char text[1200];
    for (size_t i = 0; i < 399; i++)
        memcpy(text + 3 * i, "あ", 3);
    text[1197] = '\0';
    assert_int_equal(strlen(search_sort_key(arena, text)), 798);
    assert_string_equal(search_sort_key(arena, "Ann"), "ann");
}

/* Whether all needles of a search are in the text: what the index is asked. */
static bool finds(const struct search_source *source, const char *search)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    const char *text = search_text(arena, source);
    struct search_needles needles;
    assert_true(search_needles(arena, search, source->by_digits, &needles));
    for (size_t i = 0; i < needles.count; i++)
        if (!strstr(text, needles.needles[i]))
            return false;
    return true;
}

static void finds_contacts(void **state)
{
    (void)state;
    const struct search_source maria = {
        .texts = (const char *[]){"Maria", "O'Brien-Thompson", NULL, "m.thompson+crm@acme.test"},
        .text_count = 4,
        .phones = (const char *[]){"+1 (555) 010-9999", NULL, "call 42"},
        .phone_count = 3,
        .by_digits = true};
    static const char *const found[] = {"", " ", "maria", "MARI", "ARI", "thompson maria", "o'b", "b", "br",
        "th", "t", "a", "te", "crm", "acme.test", "m.t", "555", "(555)", "555 010", "0109999", "010-9999",
        "+1", "1", "1(555)", "15550109999", "+15550109999", "55501", "010.9999", "42", "4", "-9", "99",
        "call", "m t a", "a b m o t + 1 5 4"};
    static const char *const not_found[] = {"marja", "mariao", "maria x", "ob", "ri", "homp on", "5551", "59",
        "(556)", "_", "%", "maria%", "\"", "maria\"", "a*", "NOT maria", "e", "-3"};
    for (size_t i = 0; i < ARRAY_LEN(found); i++)
        if (!finds(&maria, found[i]))
            fail_msg("'%s' is not found", found[i]);
    for (size_t i = 0; i < ARRAY_LEN(not_found); i++)
        if (finds(&maria, not_found[i]))
            fail_msg("'%s' is found", not_found[i]);
}

/* Where there are no phone numbers, digits are texts like others. */
static void finds_other_records(void **state)
{
    (void)state;
    const struct search_source plan = {.texts = (const char *[]){"Plan 2026-11"}, .text_count = 1};
    assert_true(finds(&plan, "2026-11"));
    assert_true(finds(&plan, "11"));
    assert_false(finds(&plan, "202611"));
    assert_false(finds(&plan, "-1"));
}

static void counts_the_words_of_a_search(void **state)
{
    (void)state;
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct search_needles needles;
    assert_true(search_needles(arena, "1 2 3 4 5 6 7 8 9 10", true, &needles));
    assert_int_equal(needles.count, SEARCH_TERMS_MOST);
    assert_false(search_needles(arena, "1 2 3 4 5 6 7 8 9 10 11", true, &needles));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds),
        cmocka_unit_test(a_sort_key_is_cut_between_characters),
        cmocka_unit_test(finds_contacts),
        cmocka_unit_test(finds_other_records),
        cmocka_unit_test(counts_the_words_of_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
