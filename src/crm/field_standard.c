/* The fields that a Contact and a Custom Object have by themselves (MISSION.md), as constants. */
#include "crm/field_internal.h"

#include <assert.h>
#include <sodium.h>

#define STANDARD_TEXT_MOST 100 /* characters */
#define STANDARD_ITEMS_MOST 100

struct standard {
    const char *name, *display_name;
    enum field_type type;
    bool required, in_column, read_only;
};

static const struct standard of_contacts[] = {
    {"first_name", "First Name", FIELD_TEXT, .required = true, .in_column = true},
    {"last_name", "Last Name", FIELD_TEXT, .in_column = true},
    {"email", "Email", FIELD_EMAIL, .in_column = true},
    {"home_phone", "Home Phone", FIELD_PHONE},
    {"mobile_phone", "Mobile Phone", FIELD_PHONE},
    {"business_phone", "Business Phone", FIELD_PHONE},
    {"titles", "Titles", FIELD_TAGS},
    {"tags", "Tags", FIELD_TAGS},
    {"birthday", "Birthday", FIELD_DATE},
};
static_assert(ARRAY_LEN(of_contacts) <= STANDARD_FIELDS_MOST, "room for all");

static const struct standard of_custom_objects[] = {
    {"name", "Name", FIELD_TEXT, .required = true, .in_column = true},
    {"owner", "Owner", FIELD_TEAM_MEMBER, .in_column = true},
    {"created", "Created", FIELD_DATETIME, .in_column = true, .read_only = true},
};

/* A UUID of version 8 that follows from owner and name: the same whenever it is asked for. */
static struct id standard_id(struct id owner_id, const char *name)
{
    struct id id;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof id.bytes);
    crypto_generichash_update(&state, owner_id.bytes, sizeof owner_id.bytes);
    crypto_generichash_update(&state, (const unsigned char *)name, strlen(name));
    crypto_generichash_final(&state, id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)(0x80 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

size_t field_standard(enum field_owner kind, struct id object_id, struct field *fields)
{
    const struct standard *all = kind == FIELDS_OF_CONTACTS ? of_contacts : of_custom_objects;
    size_t count = kind == FIELDS_OF_CONTACTS        ? ARRAY_LEN(of_contacts)
                   : kind == FIELDS_OF_CUSTOM_OBJECT ? ARRAY_LEN(of_custom_objects)
                                                     : 0;
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct field){.id = standard_id(object_id, all[i].name),
            .owner_id = object_id,
            .name = all[i].name,
            .display_name = all[i].display_name,
            .description = "",
            .type = all[i].type,
            .required = all[i].required,
            .standard = true,
            .in_column = all[i].in_column,
            .read_only = all[i].read_only,
            .limits = {.max_length = STANDARD_TEXT_MOST, .max_items = STANDARD_ITEMS_MOST}};
    return count;
}

bool field_is_name(struct id object_id, struct id field_id)
{
    return id_equal(field_id, standard_id(object_id, "first_name")) ||
           id_equal(field_id, standard_id(object_id, "name"));
}

bool field_is_email(struct id object_id, struct id field_id)
{
    return id_equal(field_id, standard_id(object_id, "email"));
}
