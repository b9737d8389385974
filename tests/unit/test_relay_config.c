/* The relay's configuration: what is read, and what is said, with the line, about what is wrong (M18). */
#include "relay/action.h"
#include "relay/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SOURCE                                                                                               \
    "source:\n  url: http://127.0.0.1:8080/\n  api_key: k\n  business_id: b\n  user_id: u\n" /* lines 1 to 5 */
#define HOOK "hooks:\n  - path: /h\n    actions:\n" /* lines 6 to 8 */
#define SLACK "      - slack: {url: http://127.0.0.1/s}\n"

/* Writes the text to a file, loads that, and removes it. */
static enum err_code load(
    struct arena *arena, const char *text, struct relay_config *config, struct error *err)
{
    char path[] = "/tmp/relay-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    enum err_code code = relay_config_load(arena, path, config, err);
    unlink(path);
    if (code) { /* "FILE:7: reason" → "7: reason" */
        assert_memory_equal(err->text, path, strlen(path));
        memmove(err->text, err->text + strlen(path) + 1, strlen(err->text) - strlen(path));
    }
    return code;
}

static void reads_the_least_that_is_needed(void **state UNUSED)
{
    struct arena *arena = arena_new();
    struct relay_config config;
    struct error err = {0};
    assert_int_equal(load(arena, SOURCE HOOK SLACK, &config, &err), ERR_OK);
    assert_string_equal(config.listen, "127.0.0.1:8090");
    assert_string_equal(config.data, "./herald-relay");
    assert_null(config.metrics_listen);
    assert_string_equal(config.source.url, "http://127.0.0.1:8080");
    assert_int_equal(config.retry_base_us, US_PER_S);
    assert_int_equal(config.retry_cap_us, 600 * US_PER_S);
    assert_int_equal(config.fetch.timeout_us, 10 * US_PER_S);
    assert_int_equal(config.fetch.concurrency, 8);
    assert_int_equal(config.fetch.failures_per_minute, 60);
    assert_int_equal(config.hook_count, 1);
    const struct relay_hook *hook = relay_config_hook(&config, "/h");
    assert_non_null(hook);
    assert_null(hook->secret);
    assert_int_equal(hook->action_count, 1);
    assert_ptr_equal(hook->actions[0].kind, &action_slack);
    assert_string_equal(hook->actions[0].name, "slack");
    assert_int_equal(hook->actions[0].attempts_most, 12);
    assert_int_equal(config.drain_us, 15 * US_PER_S);
    assert_true(config.drain_us > hook->actions[0].timeout_us); /* a POST under way is waited for at a stop */
    assert_null(relay_config_hook(&config, "/"));
    arena_free(arena);
}

static void names_actions(void **state UNUSED)
{
    struct arena *arena = arena_new();
    struct relay_config config;
    struct error err = {0};
    assert_int_equal(
        load(arena, SOURCE HOOK SLACK SLACK "      - http: {url: http://127.0.0.1/, name: slack-3}\n" SLACK,
            &config, &err),
        ERR_OK);
    static const char *const names[] = {"slack", "slack-2", "slack-3", "slack-4"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(config.hooks[0].actions[i].name, names[i]);
    arena_free(arena);
}

static const struct {
    const char *text, *complaint;
} bad[] = {
    {"", "1: 'source' is missing: where records are fetched, and with which key"},
    {"source: x\n", "1: expected 'key: value' lines here"},
    {"source: {}\n", "1: 'source' needs 'url'"},
    {"source:\n  url: 127.0.0.1\n", "2: 'url': "},
    {"source:\n  url: http://a/?b\n", "2: 'url' must be the API's address without a query"},
    {"source:\n  url: http://a/\n", "2: 'source' needs 'api_key' or 'api_key_file'"},
    {"source:\n  url: http://a/\n  api_key: ''\n", "3: 'api_key' must be one word of printable ASCII"},
    {"source:\n  url: http://a/\n  api_key: k\n  api_key_file: f\n",
        "4: 'api_key' and 'api_key_file': only one"},
    {"source:\n  url: http://a/\n  api_key_file: /nonexistent\n",
        "3: cannot read the key from /nonexistent: No such"},
    {"source:\n  url: http://a/\n  api_key: k\n", "2: 'source' needs 'business_id'"},
    {"source:\n  url: http://a/\n  api_key: k\n  business_id: b\n  user_id: a b\n",
        "5: 'user_id' must be one word"},
    {"source:\n  url: http://a/\n  api_key: k\n  business_id: <business_id>\n  user_id: u\n",
        "4: 'business_id' is still <business_id>: put the id there"},
    {"source:\n  url: http://a/\n  uri: x\n", "3: unknown key 'uri'"},
    {SOURCE, "1: 'hooks' is missing: where webhooks arrive, and what to do then"},
    {SOURCE "fetch:\n  timeout: 10\n" HOOK SLACK, "7: 'timeout' must be a time such as 250ms, 5s, 10m or 2h"},
    {SOURCE "fetch:\n  concurrency: 0\n" HOOK SLACK, "7: 'concurrency' must be from 1 to 64"},
    {SOURCE "hooks: []\n", "6: 'hooks' must be a list of at least one hook"},
    {SOURCE "hooks:\n  - actions: []\n", "7: the hook needs 'path'"},
    {SOURCE "hooks:\n  - path: h\n", "7: 'path' must begin with '/'"},
    {SOURCE "hooks:\n  - path: /readyz\n", "7: 'path': /readyz is the relay's own"},
    {"listen: 0.0.0.0:80\n" SOURCE HOOK SLACK,
        "1: 'listen' is no loopback address: that needs 'tls_cert' and 'tls_key', or 'behind_proxy'"},
    {"tls_cert: a\nmetrics_listen: '[::]:80'\ntls_key: b\nlisten: 127.0.0.1:0\nbehind_proxy: "
     "[10.0.0.1/8]\n" SOURCE HOOK SLACK,
        "5: 'behind_proxy': '10.0.0.1/8' is not a network such as 10.0.0.0/8"},
    {"metrics_listen: '[::]:80'\n" SOURCE HOOK SLACK,
        "1: 'metrics_listen' is no loopback address: that needs 'tls_cert' and 'tls_key', or 'behind_proxy'"},
    {"tls_cert: a\n" SOURCE HOOK SLACK, "1: 'tls_cert' and 'tls_key': neither is of use without the other"},
    {SOURCE "hooks:\n  - path: /h\n", "7: the hook needs 'actions'"},
    {SOURCE "hooks:\n  - path: /h\n    secret: ''\n", "8: 'secret' must be one word of printable ASCII"},
    {SOURCE HOOK "      []\n", "9: 'actions' must be a list of at least one action"},
    {SOURCE HOOK "      - slack\n", "9: an action is one line such as 'slack: {url: …}'"},
    {SOURCE HOOK "      - teams: {url: http://a/}\n", "9: unknown action 'teams'; there are: slack, http"},
    {SOURCE HOOK "      - slack: {}\n", "9: the action needs 'url'"},
    {SOURCE HOOK "      - slack: {url: [a]}\n", "9: 'url' must be a single value"},
    {SOURCE HOOK "      - slack: {url: ftp://a/}\n", "9: 'url': "},
    {SOURCE HOOK "      - slack: {url: http://a/, headers: {}}\n", "9: unknown key 'headers'"},
    {SOURCE HOOK "      - slack:\n          url: http://a/\n          attempts_most: many\n",
        "11: 'attempts_most' must be a whole number"},
    {SOURCE HOOK "      - slack: {url: http://a/, name: fetch}\n", "9: the name 'fetch' is taken"},
    {SOURCE HOOK "      - slack: {url: http://a/, name: A}\n",
        "9: 'name' must be 1 to 40 lower-case letters"},
    {SOURCE HOOK SLACK "      - slack: {url: http://a/, name: slack}\n", "10: the name 'slack' is taken"},
    {SOURCE HOOK "      - http: {url: http://a/, headers: [X]}\n",
        "9: 'headers' must be 'Name: value' lines"},
    {SOURCE HOOK "      - http:\n          url: http://a/\n          headers:\n            X y: z\n",
        "12: header 'X y' is not a header's name"},
    {SOURCE HOOK "      - http: {url: http://a/, headers: {hOST: z}}\n",
        "9: header 'hOST' is set by the relay itself"},
    {SOURCE HOOK "      - http: {url: http://a/, headers: {X: \"a\\r\\nB: c\"}}\n",
        "9: header 'X' must be one line"},
    {SOURCE HOOK SLACK "  - path: /h\n    actions:\n" SLACK, "10: 'path': another hook has it already"},
    {SOURCE HOOK SLACK "  - path: /i\n    when: x\n", "11: unknown key 'when'"},
    {SOURCE HOOK SLACK "lisen: x\n", "10: unknown key 'lisen'"},
    {SOURCE HOOK SLACK SOURCE, "10: 'source' stands here a second time"},
    {SOURCE HOOK " x", "9: "},
};

static void complains_with_the_line(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena *arena = arena_new();
        struct relay_config config;
        struct error err = {0};
        enum err_code code = load(arena, bad[i].text, &config, &err);
        if (code != ERR_INVALID || strncmp(err.text, bad[i].complaint, strlen(bad[i].complaint)) != 0)
            fail_msg("%s\nsaid:     %s\nexpected: %s", bad[i].text, err.text, bad[i].complaint);
        arena_free(arena);
    }
}

static void reads_a_key_from_a_file(void **state UNUSED)
{
    static const struct {
        const char *content, *key;
    } files[] = {{"secret-key\n", "secret-key"}, {"secret-key", "secret-key"}, {"", NULL}, {"a b\n", NULL},
        {"a\nb", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[] = "/tmp/relay-key-XXXXXX";
        int fd = mkstemp(path);
        assert_int_equal(write(fd, files[i].content, strlen(files[i].content)), strlen(files[i].content));
        close(fd);
        struct arena *arena = arena_new();
        struct relay_config config;
        struct error err = {0};
        const char *text = arena_printf(arena,
            "source:\n  url: http://a/\n  api_key_file: %s\n  business_id: b\n  user_id: u\n" HOOK SLACK,
            path);
        assert_int_equal(load(arena, text, &config, &err), files[i].key ? ERR_OK : ERR_INVALID);
        if (files[i].key)
            assert_string_equal(config.source.api_key, files[i].key);
        else
            assert_non_null(strstr(err.text, "must hold the key and nothing else"));
        arena_free(arena);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_least_that_is_needed),
        cmocka_unit_test(names_actions),
        cmocka_unit_test(complains_with_the_line),
        cmocka_unit_test(reads_a_key_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
