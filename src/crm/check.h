/* Checks of values that several parts of the domain share. Any thread. */
#ifndef HERALD_CRM_CHECK_H
#define HERALD_CRM_CHECK_H

#include "base/text.h"
#include "db/db.h"

/* The highest --name-limit: two such names in four bytes a character still fit into PostgreSQL's index. */
#define NAME_CEILING 300

/* 1 to `most` characters, not only white space. The text is well-formed UTF-8. */
bool check_name(const char *text, size_t most);

/* The same for a member `name`, which is refused as /name. */
bool check_name_member(const char *name, int64_t most, struct error_list *list);

/* "Alex Rivera"; room for two of the longest names in four bytes a character. */
struct display_name {
    char text[2 * 4 * NAME_CEILING + 2];
};
struct display_name display_name_of(const char *first_name, const char *last_name);

/* In characters. */
#define API_NAME_MOST 63

/*
 * Whether it is an api_name: letters a to z, digits, underscores. If not, it is refused as `pointer`; `derived`: it is
 * what came of another name, for want of one.
 */
bool check_api_name(const char *api_name, bool derived, const char *pointer, struct error_list *list);

/*
 * What stands against archiving or restoring a thing (`code`, with its sentence in `err`): alone it is the answer;
 * beside other members that are refused it is one of them, /archived, and ERR_OK lets error_list_refuse answer.
 */
enum err_code check_archiving_refused(enum err_code code, struct error_list *list, const struct error *err);
#define EMAIL_MOST 254

/* Something@something.something without spaces: what can be checked without sending a mail. */
bool check_email(const char *text);

/* What addresses are compared by: the letters A to Z in lower case. In the arena. */
const char *email_key(struct arena *arena, const char *email);

/* ERR_NOT_FOUND unless the Business is there. */
enum err_code check_business(struct db *db, struct id business_id, struct error *err) MUST_CHECK;

#endif
