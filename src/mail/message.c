#include "mail/message.h"

#include "base/text.h"
#include "crm/mail.h"

#include <ctype.h>
#include <sodium.h>
#include <time.h>

#define WORD_BYTES 39 /* of text in one encoded word, which then fits into a line behind "Subject: " */
#define PLAIN_MOST 60 /* so that a header of it fits into one line */
#define LINE_MOST 75 /* of quoted-printable, before the soft break */

bool mailbox_parse(struct arena *arena, const char *text, struct mailbox *mailbox)
{
    const char *open = strrchr(text, '<');
    size_t len = strlen(text);
    if (!open) {
        *mailbox = (struct mailbox){"", text};
        return mail_address_fits(text);
    }
    if (text[len - 1] != '>' || strchr(text, '<') != open || !text_is_utf8(text, len))
        return false;
    size_t name = (size_t)(open - text);
    while (name > 0 && text[name - 1] == ' ')
        name--;
    mailbox->name = arena_strndup(arena, text, name);
    mailbox->address = arena_strndup(arena, open + 1, len - (size_t)(open - text) - 2);
    return mail_address_fits(mailbox->address);
}

/* ── headers ─────────────────────────────────────────────────────────────────────────────────── */

/* What needs no encoding anywhere in a header, not even in a name before an address. */
static bool is_plain(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != ' ' && text[i] != '-' && text[i] != '\'')
            return false;
    return len <= PLAIN_MOST && (len == 0 || (text[0] != ' ' && text[len - 1] != ' '));
}

/* The length of the beginning that one word holds: whole characters only. */
static size_t word_len(const char *text)
{
    size_t len = strnlen(text, WORD_BYTES + 1);
    if (len <= WORD_BYTES)
        return len;
    len = WORD_BYTES;
    while (len > 1 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static void add_word(struct buf *out, const char *text, size_t len)
{
    char clean[WORD_BYTES], code[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    for (size_t i = 0; i < len; i++) /* also encoded, a line break in a header is shown as one */
        clean[i] = iscntrl((unsigned char)text[i]) ? ' ' : text[i];
    sodium_bin2base64(code, sizeof code, (const unsigned char *)clean, len, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "=?UTF-8?B?%s?=", code);
}

static void add_text(struct buf *out, const char *text)
{
    if (is_plain(text)) {
        buf_add_text(out, text);
        return;
    }
    for (const char *at = text; *at;) {
        size_t len = word_len(at);
        if (at != text)
            buf_add_text(out, "\r\n ");
        add_word(out, at, len);
        at += len;
    }
}

static void add_mailbox(struct buf *out, const char *header, const struct mailbox *mailbox)
{
    buf_printf(out, "%s: ", header);
    add_text(out, mailbox->name);
    buf_printf(out, *mailbox->name ? "\r\n <%s>\r\n" : "<%s>\r\n", mailbox->address);
}

static void add_date(struct buf *out, int64_t at)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = at / US_PER_S;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_printf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
        months + 3 * tm.tm_mon, 1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ── the body ────────────────────────────────────────────────────────────────────────────────── */

static bool goes_as_it_is(unsigned char c, char next)
{
    if (c == ' ') /* not at the end of a line, where servers take it away */
        return next && next != '\n';
    return c > ' ' && c <= '~' && c != '=';
}

static void add_quoted_printable(struct buf *out, const char *text)
{
    size_t column = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\n') {
            buf_add_text(out, "\r\n");
            column = 0;
            continue;
        }
        bool plain = goes_as_it_is((unsigned char)*c, c[1]);
        size_t len = plain ? 1 : 3;
        if (column + len > LINE_MOST) {
            buf_add_text(out, "=\r\n");
            column = 0;
        }
        buf_printf(out, plain ? "%c" : "=%02X", (unsigned char)*c);
        column += len;
    }
    buf_add_text(out, "\r\n");
}

void message_compose(const struct message *message, struct buf *out)
{
    add_date(out, message->at);
    add_mailbox(out, "From", &message->from);
    add_mailbox(out, "To", &message->to);
    buf_add_text(out, "Subject: ");
    add_text(out, message->subject);
    buf_printf(
        out, "\r\nMessage-ID: <%s%s>\r\n", id_format(message->id).text, strchr(message->from.address, '@'));
    buf_add_text(out,
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    add_quoted_printable(out, message->body);
}
