/* TLS on the server's side: who sends slowly or not at all is cut off as without it, and files that are no good are told. */
#include "base/alloc.h"
#include "base/clock.h"
#include "net/server.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 20 /* a test that waits longer than this for anything has failed */
#define GET "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

/* ── a certificate of its own ────────────────────────────────────────────────────────────────── */

struct files {
    char dir[64], cert[80], key[80];
};

static void write_file(const char *path, const gnutls_datum_t *data)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data->data, 1, data->size, file), data->size);
    fclose(file);
}

static void make_identity(const char *cert_path, const char *key_path)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t pem;
    time_t now = time(NULL);
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(
                         key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
        0);
    assert_int_equal(gnutls_x509_crt_init(&cert), 0);
    gnutls_x509_crt_set_version(cert, 3);
    gnutls_x509_crt_set_serial(cert, "\x01", 1);
    gnutls_x509_crt_set_activation_time(cert, now - 60);
    gnutls_x509_crt_set_expiration_time(cert, now + 3600);
    gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, "test", 4);
    gnutls_x509_crt_set_key(cert, key);
    assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem), 0);
    write_file(cert_path, &pem);
    gnutls_free(pem.data);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
    write_file(key_path, &pem);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
}

static int make_files(void **state)
{
    struct files *files = mem_zalloc(sizeof *files);
    snprintf(files->dir, sizeof files->dir, "/tmp/herald-tls-XXXXXX");
    assert_non_null(mkdtemp(files->dir));
    snprintf(files->cert, sizeof files->cert, "%s/cert.pem", files->dir);
    snprintf(files->key, sizeof files->key, "%s/key.pem", files->dir);
    make_identity(files->cert, files->key);
    *state = files;
    return 0;
}

static int remove_files(void **state)
{
    struct files *files = *state;
    unlink(files->cert);
    unlink(files->key);
    rmdir(files->dir);
    mem_free(files);
    return 0;
}

/* ── a server and its clients ────────────────────────────────────────────────────────────────── */

static void handle(struct exchange *exchange, void *worker)
{
    (void)worker;
    exchange_reply(exchange, &(struct reply){.status = 200,
                                 .content_type = "text/plain",
                                 .static_body = "hello",
                                 .body_len = strlen("hello")});
}

static struct server *start(const struct files *files, struct tls **tls)
{
    struct error err;
    if (tls_new(files->cert, files->key, tls, &err))
        fail_msg("%s", err.text);
    struct server_config config = {.name = "test",
        .listen = "127.0.0.1:0",
        .tls = *tls,
        .body_most = 4096,
        .connections_most = 20,
        .idle_s = 60,
        .request_us = 400 * US_PER_MS,
        .deadline_us = 20 * US_PER_S,
        .workers = 1,
        .handle = handle};
    struct server *server;
    if (server_start(&config, &server, &err))
        fail_msg("%s", err.text);
    return server;
}

static void stop(struct server *server, struct tls *tls)
{
    server_stop(server, US_PER_S);
    tls_free(tls);
}

static int dial(const struct server *server)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtol(strrchr(server_address(server), ':') + 1, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

struct speaker {
    gnutls_session_t session;
    gnutls_certificate_credentials_t trust;
    int fd;
    char answer[4096];
};

static void greet(struct speaker *speaker, const struct server *server)
{
    *speaker = (struct speaker){.fd = dial(server)};
    assert_int_equal(gnutls_certificate_allocate_credentials(&speaker->trust), 0);
    assert_int_equal(gnutls_init(&speaker->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
    gnutls_set_default_priority(speaker->session);
    gnutls_credentials_set(speaker->session, GNUTLS_CRD_CERTIFICATE, speaker->trust);
    gnutls_transport_set_int(speaker->session, speaker->fd);
    int rc;
    while ((rc = gnutls_handshake(speaker->session)) < 0 && !gnutls_error_is_fatal(rc))
        ;
    assert_int_equal(rc, 0);
}

static void leave(struct speaker *speaker)
{
    gnutls_deinit(speaker->session);
    gnutls_certificate_free_credentials(speaker->trust);
    close(speaker->fd);
}

static void say(struct speaker *speaker, const char *text)
{
    (void)!gnutls_record_send(speaker->session, text, strlen(text));
}

/* Until `end` has come, or (NULL) the connection has been closed. */
static const char *hear(struct speaker *speaker, const char *end)
{
    size_t len = 0;
    ssize_t got;
    do {
        got = gnutls_record_recv(speaker->session, speaker->answer + len, sizeof speaker->answer - 1 - len);
        if (got == GNUTLS_E_AGAIN)
            fail_msg("nothing more came after: %s", speaker->answer);
        len += got > 0 ? (size_t)got : 0;
        speaker->answer[len] = '\0';
    } while (got > 0 && !(end && strstr(speaker->answer, end)));
    return speaker->answer;
}

static void assert_begins(const char *text, const char *begin)
{
    if (strncmp(text, begin, strlen(begin)) != 0)
        fail_msg("not %s: %s", begin, text);
}

/* ── tests ───────────────────────────────────────────────────────────────────────────────────── */

/* S4: the answer is sent as a record of TLS, not as bytes on the socket. */
static void half_a_request_is_answered_408_and_closed(void **state)
{
    struct tls *tls;
    struct server *server = start(*state, &tls);
    struct speaker speaker;
    greet(&speaker, server);
    say(&speaker, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhe");
    assert_begins(hear(&speaker, NULL), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n");
    leave(&speaker);
    stop(server, tls);
}

/* S4 */
static void a_byte_now_and_then_keeps_no_connection(void **state)
{
    struct tls *tls;
    struct server *server = start(*state, &tls);
    struct speaker speaker;
    greet(&speaker, server);
    struct pollfd ready = {.fd = speaker.fd, .events = POLLIN};
    int64_t until = clock_boot_us() + PATIENCE_S * US_PER_S;
    say(&speaker, "GET /");
    while (poll(&ready, 1, 50) == 0) {
        assert_true(clock_boot_us() < until);
        say(&speaker, "a");
    }
    assert_string_equal(hear(&speaker, NULL), "");
    leave(&speaker);
    stop(server, tls);
}

/* S4: in the handshake, before it, and after it. */
static void who_begins_and_says_nothing_is_closed(void **state)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    struct tls *tls;
    struct server *server = start(*state, &tls);
    char byte;
    int fd = dial(server);
    assert_int_equal(send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL), sizeof hello - 1);
    struct speaker speaker;
    greet(&speaker, server);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    assert_string_equal(hear(&speaker, NULL), "");
    close(fd);
    leave(&speaker);
    stop(server, tls);
}

/* What bounds a request does not bound the rest between two. */
static void a_connection_may_rest_between_requests(void **state)
{
    struct tls *tls;
    struct server *server = start(*state, &tls);
    struct speaker resting, slow;
    greet(&resting, server);
    say(&resting, GET);
    assert_begins(hear(&resting, "hello"), "HTTP/1.1 200");
    greet(&slow, server); /* when this one has been cut off, the other would have been */
    say(&slow, "GET / HTTP/1.1\r\n");
    assert_begins(hear(&slow, NULL), "HTTP/1.1 408");
    say(&resting, GET);
    assert_begins(hear(&resting, "hello"), "HTTP/1.1 200");
    leave(&slow);
    leave(&resting);
    stop(server, tls);
}

static void bad_files_are_told(void **state)
{
    const struct files *files = *state;
    struct tls *tls = NULL;
    struct error err;
    assert_int_equal(tls_new("/none.pem", files->key, &tls, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "/none.pem"));
    assert_int_equal(tls_new(files->key, files->key, &tls, &err), ERR_INVALID);
    assert_int_equal(tls_new(files->cert, files->cert, &tls, &err), ERR_INVALID);
    assert_null(tls);
    tls_free(NULL);
}

/* A handshake may use what was there before; both are freed in the end. */
static void files_are_read_again(void **state)
{
    const struct files *files = *state;
    struct tls *tls;
    struct server *server = start(files, &tls);
    struct error err;
    struct speaker speaker;
    make_identity(files->cert, files->key);
    assert_int_equal(tls_reload(tls, &err), ERR_OK);
    greet(&speaker, server);
    say(&speaker, GET);
    assert_begins(hear(&speaker, "hello"), "HTTP/1.1 200");
    leave(&speaker);
    write_file(files->key, &(gnutls_datum_t){(unsigned char *)"x", 1});
    assert_int_equal(tls_reload(tls, &err), ERR_INVALID);
    greet(&speaker, server);
    leave(&speaker);
    stop(server, tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(half_a_request_is_answered_408_and_closed, make_files, remove_files),
        cmocka_unit_test_setup_teardown(a_byte_now_and_then_keeps_no_connection, make_files, remove_files),
        cmocka_unit_test_setup_teardown(who_begins_and_says_nothing_is_closed, make_files, remove_files),
        cmocka_unit_test_setup_teardown(a_connection_may_rest_between_requests, make_files, remove_files),
        cmocka_unit_test_setup_teardown(bad_files_are_told, make_files, remove_files),
        cmocka_unit_test_setup_teardown(files_are_read_again, make_files, remove_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
