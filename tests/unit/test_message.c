/* Emails on the wire: no name breaks out of a header, and every text comes out as it went in. */
#include "mail/message.h"

#include "base/alloc.h"
#include "crm/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *composed(const char *name, const char *subject, const char *body)
{
    struct message message = {.from = {"Herald", "herald@acme.test"},
        .to = {name, "sam@acme.test"},
        .subject = subject,
        .body = body,
        .at = 1795518061000000}; /* 2026-11-24T11:01:01Z */
    struct buf out = BUF_INIT(1 << 20);
    message_compose(&message, &out);
    assert_false(out.overflow);
    return buf_take(&out);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("'%s' is in:\n%s", part, text);
}

static void a_plain_message(void **state UNUSED)
{
    CLEANUP(mem_free_ptr) char *text = composed("Sam Lee", "Hello", "One\nTwo\n");
    assert_string_equal(text, "Date: Tue, 24 Nov 2026 11:01:01 +0000\r\n"
                              "From: Herald\r\n <herald@acme.test>\r\n"
                              "To: Sam Lee\r\n <sam@acme.test>\r\n"
                              "Subject: Hello\r\n"
                              "Message-ID: <00000000-0000-0000-0000-000000000000@acme.test>\r\n"
                              "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                              "One\r\nTwo\r\n\r\n");
}

static void no_name_makes_a_header(void **state UNUSED)
{
    static const char *const names[] = {"Sam\r\nBcc: eve@evil.test", "Sam\nBcc: eve@evil.test",
        "Sam\rBcc: eve@evil.test", "Sam <eve@evil.test>,", "\"Sam\" (x)", "=?UTF-8?Q?=0ABcc:?="};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(mem_free_ptr) char *text = composed(names[i], names[i], "");
        assert_has_not(text, "Bcc");
        assert_has_not(text, "evil");
        assert_has(text, "To: =?UTF-8?B?");
        assert_has(text, "Subject: =?UTF-8?B?");
    }
}

static void long_names_are_folded_between_characters(void **state UNUSED)
{
    char name[401] = "";
    for (int i = 0; i < 200; i++)
        memcpy(name + (size_t)i * 2, "\xc3\xb6", 2);
    CLEANUP(mem_free_ptr) char *text = composed(name, name, "");
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\r\n") <= 76);
    /* 19 characters of two bytes a word, never half a one */
    assert_has(text, "=?UTF-8?B?w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2w7Y=?=\r\n =?UTF-8?B?w7bD");
}

static void bodies_are_quoted(void **state UNUSED)
{
    char long_line[201];
    memset(long_line, 'a', 200);
    long_line[200] = '\0';
    CLEANUP(mem_free_ptr) char *quoted = composed("", "", "a = b\nZo\xc3\xab \n\x01\r.\n.");
    assert_has(quoted, "\r\n\r\na =3D b\r\nZo=C3=AB=20\r\n=01=0D.\r\n.\r\n");
    CLEANUP(mem_free_ptr) char *folded = composed("", "", long_line);
    for (const char *line = folded; *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\r\n") <= 76);
}

static void mailboxes_are_read(void **state UNUSED)
{
    CLEANUP(arena_free_ptr) struct arena *arena = arena_new();
    struct mailbox box;
    assert_true(mailbox_parse(arena, "herald@acme.test", &box));
    assert_string_equal(box.name, "");
    assert_true(mailbox_parse(arena, "Acme & Co <herald@acme.test>", &box));
    assert_string_equal(box.name, "Acme & Co");
    assert_string_equal(box.address, "herald@acme.test");
    static const char *const wrong[] = {
        "", "<", ">", "<>", "a@b>", "Acme <herald>", "Acme <a@b> x", "Acme <a@b>, <c@d>", "Zo\xc3 <a@b>"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(mailbox_parse(arena, wrong[i], &box));
}

static void addresses_are_checked(void **state UNUSED)
{
    static const char *const good[] = {"a@b", "a.b+c@x.example", "o'neil@x-y.test", "a@1.2"};
    static const char *const bad[] = {"", "a", "@b", "a@", "a@.b", "a@-b", "a@b@c", "a b@c", "a@b c",
        "a@b\r\nRCPT TO:<x@y>", "a@b>", "<a@b>", "\"a\"@b", "a,b@c", "z\xc3\xb6@b", "a@b\xc3\xb6", "a@[::1]",
        "12345678901234567890123456789012345678901234567890123456789012345@b"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(mail_address_fits(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(mail_address_fits(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_message),
        cmocka_unit_test(no_name_makes_a_header),
        cmocka_unit_test(long_names_are_folded_between_characters),
        cmocka_unit_test(bodies_are_quoted),
        cmocka_unit_test(mailboxes_are_read),
        cmocka_unit_test(addresses_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
