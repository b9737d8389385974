// Generated from api/openapi.yaml by `npm run types`. Do not edit.

export interface paths {
    "/api/activities/logged": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Logged Activities, newest first
         * @description Filters are joined by AND. Deleted activities are left out.
         */
        get: operations["listLoggedActivities"];
        put?: never;
        /**
         * Log an activity
         * @description The answer 201 is given once the activity and its pending webhook are on disk. The webhook is sent
         *     afterwards; logging never waits for a receiver.
         *
         *     With `scheduled_activity_id` it completes that Scheduled Activity, once: whoever comes second gets a 409 that
         *     has the `logged_activity_id` of the first.
         */
        post: operations["logActivity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/logged/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** The full record of a Logged Activity */
        get: operations["getLoggedActivity"];
        put?: never;
        post?: never;
        /**
         * Delete a Logged Activity
         * @description Fires no webhook. What people wrote is erased, and the activity goes from every timeline. A pending delivery is
         *     still sent, and its deliveries can still be read.
         */
        delete: operations["deleteLoggedActivity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/scheduled-activity/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a Scheduled Activity by logging it
         * @description The same as logging with its id as `scheduled_activity_id`: the Logged Activity, its webhook and the completion
         *     are one transaction. Without `associated_entities` it is about what was scheduled.
         */
        post: operations["completeScheduledActivity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/scheduled-activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Scheduled Activities, the first due first */
        get: operations["listScheduledActivities"];
        put?: never;
        /**
         * Schedule an activity
         * @description Never fires a webhook. It is for an employee, for whoever holds a role, or for nobody yet.
         */
        post: operations["scheduleActivity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/scheduled-activity/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One Scheduled Activity */
        get: operations["getScheduledActivity"];
        put?: never;
        post?: never;
        /**
         * Delete a Scheduled Activity
         * @description Never fires a webhook. If it is completed, the Logged Activity stays.
         */
        delete: operations["deleteScheduledActivity"];
        options?: never;
        head?: never;
        /**
         * Reschedule, reassign or edit a Scheduled Activity
         * @description What is not named stays as it is; `original_due_datetime` always does. Naming an employee takes it from the
         *     role, and the other way round. A completed one is not changed any more: 409, with `logged_activity_id`.
         */
        patch: operations["changeScheduledActivity"];
        trace?: never;
    };
    "/api/activities/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The Activity Objects of the Business, by name */
        get: operations["listActivityObjects"];
        put?: never;
        /** Make an Activity Object */
        post: operations["createActivityObject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/objects/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One Activity Object with its settings */
        get: operations["getActivityObject"];
        put?: never;
        post?: never;
        /**
         * Archive an Activity Object
         * @description Nothing more can be logged or scheduled with it. What was logged stays, pending deliveries are still sent, and
         *     its `api_name` stays taken. A change with `archived: false` restores it.
         */
        delete: operations["archiveActivityObject"];
        options?: never;
        head?: never;
        /**
         * Change settings of an Activity Object
         * @description Affects only activities that are logged after the change; a delivery keeps the URL that was in force when
         *     its activity was logged. `api_name` can be changed until an activity has been logged or scheduled with it.
         *     An archived object can only be restored (`archived: false`).
         */
        patch: operations["changeActivityObject"];
        trace?: never;
    };
    "/api/records/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What kinds of records there are, by name */
        get: operations["listRecordObjects"];
        put?: never;
        /** Define a Custom Object */
        post: operations["createRecordObject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/objects/{object}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        /** One record object */
        get: operations["getRecordObject"];
        put?: never;
        post?: never;
        /** Archive a Custom Object */
        delete: operations["archiveRecordObject"];
        options?: never;
        head?: never;
        /**
         * Change a record object
         * @description An archived object takes no new records; those that it has stay as they are. `archived: false` restores it.
         *     Contacts cannot be archived.
         */
        patch: operations["changeRecordObject"];
        trace?: never;
    };
    "/api/records/{object}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        /**
         * Records of an object, by name in any case
         * @description Archived ones are left out; with `archived=true` they are all there is, the latest made first.
         */
        get: operations["listRecords"];
        put?: never;
        /**
         * Make a record
         * @description A contact has `first_name`, `last_name` and `email`; a record of a Custom Object has `name`. An email is stored in lower
         *     case; no two contacts have the same.
         */
        post: operations["createRecord"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{object}/search": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search records
         * @description Each word of `search` must be found in the record, in any case: in a contact's email, first and last name and
         *     phone numbers (by their digits, too); in the name of other records. A word of three or more characters is found
         *     anywhere, a shorter one at the beginning of a word. Without `search`, all records are found.
         *
         *     A page has all of its `page_size` records: one that would be larger than 16 MiB is a 422 that names `/page_size`.
         */
        post: operations["searchRecords"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{object}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One record */
        get: operations["getRecord"];
        put?: never;
        post?: never;
        /**
         * Archive a record
         * @description It is in no list and no search any more, and keeps its email; it can be read, and restored by a change.
         */
        delete: operations["archiveRecord"];
        options?: never;
        head?: never;
        /**
         * Change a record
         * @description What is not given stays. `archived: false` restores a record. With If-Match, only the version that was read is changed.
         */
        patch: operations["changeRecord"];
        trace?: never;
    };
    "/api/activities/objects/{id}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /**
         * The fields of an Activity Object, in order
         * @description All of them at once; `next` and `previous` are always null.
         */
        get: operations["listActivityFields"];
        put?: never;
        /**
         * Add a field to an Activity Object
         * @description Its `name`, by which values are given and kept, never changes; it is made of the display name if it is
         *     left out. `FieldType` has the types, what they take and what limits they have.
         */
        post: operations["createActivityField"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/objects/{id}/fields/order": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Put the fields of an Activity Object in order
         * @description Takes the id of every field that is neither archived nor standard, once.
         */
        put: operations["orderActivityFields"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/objects/{id}/fields/{field_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        /** One field of an Activity Object */
        get: operations["getActivityField"];
        put?: never;
        post?: never;
        /**
         * Archive a field of an Activity Object
         * @description It is not asked for any more; values that are there stay, and its name stays taken. A change with
         *     `archived: false` restores it. Refused with a 409 while a rule uses it or another field is bound to it.
         */
        delete: operations["archiveActivityField"];
        options?: never;
        head?: never;
        /**
         * Change a field of an Activity Object
         * @description Type, name and binding stay. `options` is the whole new list: what has the id or the name of an option that is
         *     there is that option; what is left out is archived, not lost. An archived field can only be restored
         *     (`archived: false`).
         */
        patch: operations["changeActivityField"];
        trace?: never;
    };
    "/api/records/objects/{object}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        /**
         * The fields of an object of records, in order
         * @description All of them at once; `next` and `previous` are always null.
         */
        get: operations["listRecordFields"];
        put?: never;
        /**
         * Add a field to an object of records
         * @description Its `name`, by which values are given and kept, never changes; it is made of the display name if it is
         *     left out. `FieldType` has the types, what they take and what limits they have.
         */
        post: operations["createRecordField"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/objects/{object}/fields/order": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Put the fields of an object of records in order
         * @description Takes the id of every field that is neither archived nor standard, once.
         */
        put: operations["orderRecordFields"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/objects/{object}/fields/{field_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        /** One field of an object of records */
        get: operations["getRecordField"];
        put?: never;
        post?: never;
        /**
         * Archive a field of an object of records
         * @description It is not asked for any more; values that are there stay, and its name stays taken. A change with
         *     `archived: false` restores it. Refused with a 409 while a rule uses it or another field is bound to it.
         */
        delete: operations["archiveRecordField"];
        options?: never;
        head?: never;
        /**
         * Change a field of an object of records
         * @description Type, name and binding stay. `options` is the whole new list: what has the id or the name of an option that is
         *     there is that option; what is left out is archived, not lost. An archived field can only be restored
         *     (`archived: false`).
         */
        patch: operations["changeRecordField"];
        trace?: never;
    };
    "/api/activities/objects/{id}/form": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /**
         * What to ask for when an activity is logged
         * @description The fields of an Activity Object in order, and which of them are shown, given what has been filled in so far.
         *     Ask again when the value of a field with `trigger: true` changes. Decides as logging does, and stores nothing.
         *     A field without a value in `values` has its default; null empties it.
         */
        get: operations["getActivityForm"];
        put?: never;
        /**
         * The same, with values that are too long for an address
         * @description Stores nothing either.
         */
        post: operations["postActivityForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/objects/{id}/rules": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** The Advanced Activity Rules of an Activity Object */
        get: operations["getActivityRules"];
        /**
         * Replace all rules of an Activity Object
         * @description Takes what GET answers. A rule with the `id` of one that is there stays that rule; one without is new; those
         *     that are left out are gone. Nothing is changed unless all of it is right.
         */
        put: operations["replaceActivityRules"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities/objects/{id}/sharing": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** With whom an Activity Object is shared */
        get: operations["getActivitySharing"];
        /**
         * Say with whom an Activity Object is shared
         * @description Sharing only takes away: activities of this type are not there for anybody else, whatever they may otherwise. Who
         *     may change settings always sees them, and who is to do a Scheduled Activity always sees that one.
         */
        put: operations["setActivitySharing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{object}/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A record object, by id or `api_name` */
                object: string;
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /**
         * What was logged and is scheduled about a record, newest first
         * @description Logged Activities, and Scheduled Activities until they are completed, that are associated with the record or
         *     with all records of its object. Ordered by the entry's id, which is made when it is logged or scheduled.
         *     `live_cursor` is where `…/timeline/stream` goes on from: it was read before the page, so nothing lies between.
         */
        get: operations["getTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/records/{object}/{id}/timeline/stream": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A record object, by id or `api_name` */
                object: string;
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /**
         * What happens on a record's timeline, live, as server-sent events
         * @description Each event has an `id:`, an opaque cursor. Who comes back sends the last one as `Last-Event-ID` (browsers do
         *     so by themselves) or as `?cursor=` and gets what happened since, nothing left out, in the order of commits on
         *     each node. An event may come twice; it says what is so, and may be applied again.
         *
         *     | event | data |
         *     |---|---|
         *     | `logged`, `scheduled`, `scheduled_changed` | a TimelineEntry, as it is now |
         *     | `completed` | `kind`, `id` of the Scheduled Activity, `logged_activity_id` |
         *     | `deleted` | `kind`, `id` |
         *     | `reset` | `{}`: the cursor is too far back or not known here; read the timeline again |
         *     | `ready` | `{}`: all that happened since the cursor has been sent; what follows is live |
         *     | `end` | `detail`: the stream is over, for instance because the key was revoked |
         *
         *     A comment is sent when nothing else was for a while. Who reads too slowly is cut off, and may come back.
         */
        get: operations["streamTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries with their attempts, newest first */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/webhooks/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One delivery with its attempts */
        get: operations["getDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Failure notifications, newest first */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/employees": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The employees of the Business, by name */
        get: operations["listEmployees"];
        put?: never;
        /**
         * Make somebody an employee
         * @description Whoever has this email address already, in any case of its letters, is the same person in this Business, too.
         *     Nobody gives groups or roles that grant more than they may themselves.
         */
        post: operations["createEmployee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/employees/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One employee, with groups and roles */
        get: operations["getEmployee"];
        put?: never;
        post?: never;
        /**
         * Deactivate an employee
         * @description Their keys, sessions and live streams stop at once in this Business. What they did and what is assigned to them
         *     stays. They can be made active again (`PATCH`); then their keys work again, while they sign in anew.
         */
        delete: operations["deactivateEmployee"];
        options?: never;
        head?: never;
        /**
         * Change an employee's names, or whether they are active
         * @description Names need the permission `people: edit`, making inactive `people: delete`, making active again `people: create`
         *     and all that the employee may. An owner is changed by owners only, and the last one stays active.
         */
        patch: operations["updateEmployee"];
        trace?: never;
    };
    "/api/employees/{id}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /**
         * An employee's API keys that work in this Business, the newest first
         * @description For those who may edit `people`. Of a key that works in another Business, too, `name` is empty and
         *     `last_used_at` null.
         */
        get: operations["listEmployeeKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/employees/{id}/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End an employee's API key in this Business
         * @description At once, on all nodes, and for good. One that works in other Businesses of that person, too, goes on working
         *     there: that is not this Business's to decide.
         */
        delete: operations["revokeEmployeeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One's own API keys, the newest first
         * @description Never the keys themselves. With a key that is limited to one Business, only those that are limited to the same
         *     one.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make an API key of one's own
         * @description `key` in the answer is the key: it is shown this once. A key makes keys that are no stronger than itself: what
         *     limits it limits those, and asking for more is a 403.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a key
         * @description At once, on all nodes, in every Business, and for good.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        /** Give a key another name */
        patch: operations["renameKey"];
        trace?: never;
    };
    "/api/employees/{id}/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an employee a link with which they choose a password
         * @description To an active employee whose user has no password yet; needs `people: create`. The email goes to the user's own
         *     address. The link works once, for seven days; another invitation replaces it. 409 where the server sends no email.
         */
        post: operations["inviteEmployee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Choose a password with the token of an invitation, and be signed in
         * @description Needs the header `X-Herald-Session` and a matching Origin, as a browser's writes do. The token works once, for
         *     seven days; used, replaced and too old are the same 401.
         */
        post: operations["acceptInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Whom an invitation is for, if its token is good
         * @description Uses up nothing.
         */
        post: operations["checkInvitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Have a link for a new password sent to an email address
         * @description The answer is the same whether or not there is such an account. The link works once, for an hour; another one
         *     replaces it. Of more than three requests for an email address within an hour the others send nothing; after
         *     twenty from one place a new one is let through every three minutes. 409 where the server sends no email.
         */
        post: operations["requestPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Whose password the token of a link is for, if it is good
         * @description Uses up nothing.
         */
        post: operations["checkPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a new password with the token of a link
         * @description Needs the header `X-Herald-Session` and a matching Origin, as a browser's writes do. Ends all sessions and all
         *     other links of the person, and an email tells them. The token works once, for an hour; used, replaced and too old
         *     are the same 401.
         */
        post: operations["confirmPasswordReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/permission-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All permission groups of the Business, by name */
        get: operations["listPermissionGroups"];
        put?: never;
        /**
         * Make a permission group
         * @description It grants what is named, and nothing else. Nobody can grant what they lack themselves.
         */
        post: operations["createPermissionGroup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/permission-groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One permission group with its members */
        get: operations["getPermissionGroup"];
        put?: never;
        post?: never;
        /** Delete a permission group; its members lose what it grants */
        delete: operations["deletePermissionGroup"];
        options?: never;
        head?: never;
        /**
         * Change the name or the permissions of a group
         * @description Permissions that are not named stay. The owner group cannot be changed.
         */
        patch: operations["changePermissionGroup"];
        trace?: never;
    };
    "/api/permission-groups/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Say who is in a permission group
         * @description All of them; whoever was in it and is not named is in it no more. The owner group always has a member, and only
         *     owners say who is one.
         */
        put: operations["setPermissionGroupMembers"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All roles of the Business, by name */
        get: operations["listRoles"];
        put?: never;
        /** Make a role */
        post: operations["createRole"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/roles/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** One role with all who hold it */
        get: operations["getRole"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Give a role another name */
        patch: operations["renameRole"];
        trace?: never;
    };
    "/api/roles/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Say who holds a role
         * @description All of them; whoever held it and is not named holds it no more.
         */
        put: operations["setRoleMembers"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/roles/{id}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        /** The permission groups in which all are who hold a role */
        get: operations["getRoleGroups"];
        /**
         * Say which permission groups a role carries
         * @description All of them. The owner group cannot be among them.
         */
        put: operations["setRoleGroups"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who changed what, newest first
         * @description Every change of settings, permissions, keys and credentials, and every deletion of a Logged Activity: written
         *     together with the change, and never altered. Needs the permission `audit: view`. Filters are joined by AND.
         */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-log/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The audit log as a file, oldest first
         * @description An answer has some thousand entries at most; as long as it has the header `X-Next-Cursor`, that is the `cursor`
         *     of the next one. CSV has a first line with the names of its columns, `changes` as JSON, and an apostrophe before
         *     whatever a spreadsheet would take for a formula.
         */
        get: operations["exportAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is calling */
        get: operations["getSession"];
        /**
         * Go on in another Business
         * @description The same session, under a new secret; the old cookie ends.
         */
        put: operations["switchBusiness"];
        /**
         * Sign in with email and password, or with the token of a one-time link
         * @description Needs the header `X-Herald-Session` and a matching Origin, as a browser's writes do. A wrong password and an email
         *     that nobody has are the same 401. After 5 failures in a row an account, and after 20 an address, has to wait:
         *     1 minute, then 2, and so on up to 15 (429). Without `business_id` the session is in the Business in which the
         *     person began to work first.
         */
        post: operations["signIn"];
        /** Sign out */
        delete: operations["signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The caller's own sessions, the one used last first
         * @description In all Businesses of the person, so a key that is limited to one of them gets a 403.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /** End all of the caller's own sessions, this one too */
        delete: operations["signOutEverywhere"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of the caller's own sessions */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change the caller's own password, or set the first
         * @description Ends all sessions and sign-in links of the person; the caller goes on with a new session. Whoever has a password
         *     needs `current_password`; a wrong one counts as a failure to sign in.
         */
        put: operations["changePassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process lives */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether it can log an activity now */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Format: uuid */
        Uuid: string;
        /** Format: date-time */
        Time: string;
        Problem: {
            type: string;
            title: string;
            status: number;
            /** @description One sentence, for people */
            detail: string;
            request_id: string;
            errors?: ({
                /** @description JSON pointer to the offending member */
                pointer?: string;
                /** @description Name of the offending parameter */
                parameter?: string;
                detail: string;
            } & (unknown | unknown))[];
        };
        CompletedProblem: components["schemas"]["Problem"] & {
            /**
             * Format: uuid
             * @description The activity that it became
             */
            logged_activity_id: string;
        };
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        /** @enum {string} */
        SubmissionAction: "redirect" | "trigger_webhook";
        /**
         * @description What an activity of this type is about: nothing; records of the `association_objects` (of any object, if none
         *     is named); every record of the one that is named.
         * @enum {string}
         */
        AssociationMode: "none" | "one_or_more" | "all";
        ActivityObject: {
            id: components["schemas"]["Uuid"];
            name: string;
            api_name: string;
            description: string;
            color: string | null;
            icon: string | null;
            association_mode: components["schemas"]["AssociationMode"];
            /** @description Record objects */
            association_objects: components["schemas"]["Uuid"][];
            default_submission_action: components["schemas"]["SubmissionAction"];
            redirect_url: string | null;
            webhook_url: string | null;
            /** @description Whether logging one fires a webhook */
            webhooks_enabled: boolean;
            /** @description Of the object, its fields and its rules; the ETag */
            version: number;
            created_at: components["schemas"]["Time"];
            /** Format: date-time */
            archived_at: string | null;
        };
        ActivityObjectList: {
            results: components["schemas"]["ActivityObject"][];
            next: string | null;
            previous: string | null;
        };
        CreateActivityObject: {
            name: string;
            /** @description Derived from the name if left out; unique in the Business, archived ones included */
            api_name?: string | null;
            description?: string | null;
            color?: string | null;
            /** @description A short name for whoever shows it */
            icon?: string | null;
            association_mode?: components["schemas"]["AssociationMode"];
            association_objects?: components["schemas"]["Uuid"][];
            /** @description `trigger_webhook` if it is left out and there is a `webhook_url`, else `redirect` */
            default_submission_action?: components["schemas"]["SubmissionAction"];
            redirect_url?: string | null;
            webhook_url?: string | null;
        };
        /** @description What is left out stays as it is. */
        ChangeActivityObject: {
            name?: string;
            api_name?: string;
            description?: string | null;
            color?: string | null;
            icon?: string | null;
            association_mode?: components["schemas"]["AssociationMode"];
            association_objects?: components["schemas"]["Uuid"][];
            default_submission_action?: components["schemas"]["SubmissionAction"];
            redirect_url?: string | null;
            webhook_url?: string | null;
            /** @description false restores an archived one */
            archived?: boolean;
        };
        /**
         * @description Values are given as `{"name": …, "value": …}`. null empties a field, as do `""` and `[]` where the value is a text
         *     or an array. Decimals are texts so that they stay exact.
         *
         *     | type | value given | value in answers | limits |
         *     |---|---|---|---|
         *     | `text`, `long_text` | text | the same | `min_length`, `max_length` |
         *     | `integer` | whole number | the same | `min`, `max` |
         *     | `decimal` | text, `"12.5"`, or a whole number | text with all digits of the scale, `"12.50"` | `scale`, `min`, `max` |
         *     | `money` | as `decimal` | as `decimal` | `currency` (required), `scale`, `min`, `max` |
         *     | `yes_no` | true or false | the same | |
         *     | `date` | `"2026-11-24"` | the same | `min`, `max` |
         *     | `datetime` | RFC 3339, any offset | in UTC | `min`, `max` |
         *     | `single_select`, `status` | id or name of an option | `{"id", "name"}` | |
         *     | `multi_select` | array of ids or names of options | array of `{"id", "name"}` | `max_items` |
         *     | `rating` | whole number from 1 | the same | `max` |
         *     | `email`, `url` | text | the same | |
         *     | `phone` | digits, `+` before them if international, and blanks and `.-/()` between them | the `+` and the digits | |
         *     | `team_member` | an employee's id | `{"id", "display_name"}` | |
         *     | `record` | a record's id | `{"id", "display_name"}` | |
         *     | `tags` | array of texts | the same, each once | `max_items` |
         * @enum {string}
         */
        FieldType: "text" | "long_text" | "integer" | "decimal" | "money" | "yes_no" | "date" | "datetime" | "single_select" | "multi_select" | "status" | "rating" | "email" | "phone" | "url" | "team_member" | "record" | "tags";
        FieldOption: {
            id: components["schemas"]["Uuid"];
            name: string;
            color: string | null;
            /** @description Kept for the values that have it; not to be chosen */
            archived: boolean;
        };
        /** @description Those that the type has */
        FieldLimits: {
            /** @description Numbers, dates, date-times, as values are written */
            min?: number | string | null;
            /** @description Likewise; of a rating, how far it goes */
            max?: number | string | null;
            /** @description Characters */
            min_length?: number;
            /** @description Characters */
            max_length?: number;
            /** @description Digits after the point */
            scale?: number;
            /** @description ISO 4217 */
            currency?: string;
            max_items?: number;
        };
        Field: {
            id: components["schemas"]["Uuid"];
            /** @description Values are given and kept by it; it never changes */
            name: string;
            display_name: string;
            description: string;
            field_type: components["schemas"]["FieldType"];
            /** @description The type of the record's field that it is bound to */
            custom_field_type: components["schemas"]["FieldType"] | null;
            required: boolean;
            /** @description As values are given */
            default: unknown;
            /** @description Archived ones come last; empty for types without options */
            options: components["schemas"]["FieldOption"][];
            limits: components["schemas"]["FieldLimits"];
            /** Format: uuid */
            target_object_id: string | null;
            /**
             * Format: uuid
             * @description The record's field into which logging writes the value as well
             */
            bound_field_id: string | null;
            /** @description Part of the object itself; it cannot be changed */
            standard: boolean;
            /** @description Its value is not given by anybody */
            read_only: boolean;
            /**
             * Format: date-time
             * @description null for a standard field
             */
            created_at: string | null;
            /** Format: date-time */
            archived_at: string | null;
        };
        FieldList: {
            results: components["schemas"]["Field"][];
            next: null;
            previous: null;
        };
        GivenOptions: (string | {
            /**
             * Format: uuid
             * @description Of an option that is there; left out for a new one
             */
            id?: string;
            name?: string;
            color?: string | null;
            /** @default false */
            archived: boolean;
        })[];
        /** @description Those that the type has, as `FieldType` says */
        GivenFieldLimits: {
            min?: number | string | null;
            max?: number | string | null;
            min_length?: number;
            max_length?: number;
            scale?: number;
            currency?: string;
            max_items?: number;
        };
        CreateActivityField: {
            display_name: string;
            /** @description Made of the display name if it is left out; unique among the fields of the object, archived ones included */
            name?: string;
            field_type?: components["schemas"]["FieldType"];
            description?: string;
            /** @default false */
            required: boolean;
            /** @description A value of the field, as values are given; null: none */
            default?: unknown;
            options?: components["schemas"]["GivenOptions"];
            limits?: components["schemas"]["GivenFieldLimits"];
            /**
             * Format: uuid
             * @description Type record: the object whose records it takes; left out: any
             */
            target_object_id?: string | null;
            /**
             * Format: uuid
             * @description A field of a record: type, options and limits are then that field's, and logging writes the value into the
             *     first associated record as well
             */
            bound_field_id?: string | null;
        };
        CreateRecordField: {
            display_name: string;
            /** @description Made of the display name if it is left out; unique among the fields of the object, archived ones included */
            name?: string;
            field_type: components["schemas"]["FieldType"];
            description?: string;
            /** @default false */
            required: boolean;
            /** @description A value of the field, as values are given; null: none */
            default?: unknown;
            options?: components["schemas"]["GivenOptions"];
            limits?: components["schemas"]["GivenFieldLimits"];
            /**
             * Format: uuid
             * @description Type record: the object whose records it takes; left out: any
             */
            target_object_id?: string | null;
        };
        ChangeField: {
            display_name?: string;
            description?: string;
            required?: boolean;
            /** @description A value of the field, as values are given; null: none */
            default?: unknown;
            options?: components["schemas"]["GivenOptions"];
            limits?: components["schemas"]["GivenFieldLimits"];
            /** @description false restores an archived field */
            archived?: boolean;
        };
        FieldOrder: {
            fields: components["schemas"]["Uuid"][];
        };
        FieldValue: {
            id: components["schemas"]["Uuid"];
            name: string;
            display_name: string;
            field_type: components["schemas"]["FieldType"];
            /** @description The type of the record's field that it is bound to */
            custom_field_type: string | null;
            /** @description null: empty. `FieldType` has the shape by type */
            value: unknown;
        };
        /**
         * @description A value is written as when logging.
         *
         *     | types | operators |
         *     |---|---|
         *     | all | `is_empty`, `is_not_empty` |
         *     | `text`, `long_text`, `email`, `phone`, `url` | `equals`, `not_equals`, `is_one_of`, `is_none_of`, `contains`, `not_contains`, `starts_with` |
         *     | `integer`, `decimal`, `money`, `rating` | `equals`, `not_equals`, `is_one_of`, `is_none_of`, `greater_than`, `at_least`, `less_than`, `at_most`, `between` |
         *     | `date`, `datetime` | `equals`, `not_equals`, `before`, `on_or_before`, `after`, `on_or_after`, `between` |
         *     | `single_select`, `status`, `team_member`, `record` | `equals`, `not_equals`, `is_one_of`, `is_none_of` |
         *     | `multi_select`, `tags` | `has_any`, `has_all`, `has_none` |
         *     | `yes_no` | `is_true`, `is_false` |
         * @enum {string}
         */
        RuleOperator: "equals" | "not_equals" | "is_one_of" | "is_none_of" | "contains" | "not_contains" | "starts_with" | "greater_than" | "at_least" | "less_than" | "at_most" | "before" | "on_or_before" | "after" | "on_or_after" | "between" | "has_any" | "has_all" | "has_none" | "is_true" | "is_false" | "is_empty" | "is_not_empty";
        RuleCondition: {
            /** @description Its name */
            field: string;
            operator: components["schemas"]["RuleOperator"];
            /** @description What the operator takes; absent if it takes none */
            value?: unknown;
        };
        ActivityRules: {
            rules: {
                id: components["schemas"]["Uuid"];
                name: string | null;
                /** @enum {string} */
                match: "any" | "all";
                conditions: components["schemas"]["RuleCondition"][];
                /** @description Names of the fields that it shows */
                targets: string[];
            }[];
        };
        ReplaceActivityRules: {
            rules: {
                /**
                 * Format: uuid
                 * @description Of a rule that is there already
                 */
                id?: string | null;
                name?: string | null;
                /** @enum {string} */
                match: "any" | "all";
                conditions: {
                    /** @description Name or id */
                    field: string;
                    operator: components["schemas"]["RuleOperator"];
                    /** @description As the operator and the type of the field want it */
                    value?: unknown;
                }[];
                targets: string[];
            }[];
        };
        AskActivityForm: {
            /** @description From the names of fields to their values */
            values?: Record<string, never> | null;
        };
        ActivityForm: {
            activity_object: {
                id: components["schemas"]["Uuid"];
                name: string;
                api_name: string;
                association_mode: components["schemas"]["AssociationMode"];
            };
            default_submission_action: components["schemas"]["SubmissionAction"];
            redirect_url: string | null;
            fields: {
                id: components["schemas"]["Uuid"];
                name: string;
                visible: boolean;
                /** @description In this state of the form: a hidden field is not required */
                required: boolean;
                /** @description Whether a change of its value can show or hide fields */
                trigger: boolean;
                /** @description As it would be stored; null if it is empty, not valid, or hidden */
                value: unknown;
                /** @description What is wrong with the value that was given */
                error: string | null;
                definition: components["schemas"]["Field"];
            }[];
            /** @description Names in `values` that no field has */
            unknown: string[];
        };
        Person: {
            id: components["schemas"]["Uuid"];
            display_name: string;
            first_name: string;
            last_name: string;
            email: string;
        };
        AssociatedEntity: {
            /** @description Of the record, or of the object if it is all of its records */
            id: components["schemas"]["Uuid"];
            display_name: string;
            object_id: components["schemas"]["Uuid"];
            object_name: string;
            /** @description Whether it is about every record of the object */
            all_records?: boolean;
        };
        /** @default  */
        GivenNotes: string | null;
        /** @description Employees mentioned in the notes */
        GivenMentions: components["schemas"]["Uuid"][] | null;
        /**
         * @description Records that the activity is about: of any object, or of those that the Activity Object takes. None for an
         *     Activity Object with the mode `none`, nor for one with the mode `all`, which is about every record of its object
         *     by itself.
         */
        GivenEntities: {
            id: components["schemas"]["Uuid"];
        }[] | null;
        /**
         * @description Values of the Activity Object's fields, each named by `name` or `id`. Fields that a rule hides are ignored. The
         *     value of a bound field is written to the first associated record of its object as well.
         */
        GivenFields: {
            name?: string;
            id?: components["schemas"]["Uuid"];
            /** @description As the type of the field wants it; null: none */
            value: unknown;
        }[] | null;
        /**
         * @description The Activity Object is named by id or by api_name, one of the two; with `scheduled_activity_id` it need not be
         *     named.
         */
        LogActivity: {
            /** Format: uuid */
            activity_object_id?: string | null;
            /** @description api_name of the Activity Object */
            activity_object_name?: string | null;
            /**
             * Format: uuid
             * @description The Scheduled Activity that this completes
             */
            scheduled_activity_id?: string | null;
            notes?: components["schemas"]["GivenNotes"];
            mentions?: components["schemas"]["GivenMentions"];
            associated_entities?: components["schemas"]["GivenEntities"];
            fields?: components["schemas"]["GivenFields"];
        };
        CompleteActivity: {
            notes?: components["schemas"]["GivenNotes"];
            mentions?: components["schemas"]["GivenMentions"];
            associated_entities?: components["schemas"]["GivenEntities"];
            fields?: components["schemas"]["GivenFields"];
        };
        LoggedActivity: {
            id: components["schemas"]["Uuid"];
            activity_object: {
                id: components["schemas"]["Uuid"];
                name: string;
                api_name: string;
                association_mode: components["schemas"]["AssociationMode"];
            };
            associated_entities: components["schemas"]["AssociatedEntity"][];
            logged_at: components["schemas"]["Time"];
            logged_by: components["schemas"]["Person"];
            completed_at: components["schemas"]["Time"] | null;
            completed_by: components["schemas"]["Person"] | null;
            scheduled_activity_id: string | null;
            mentions: components["schemas"]["Uuid"][];
            notes: string;
            fields?: components["schemas"]["FieldValue"][];
        };
        LoggedActivityList: {
            results: components["schemas"]["LoggedActivity"][];
            next: string | null;
            previous: string | null;
        };
        LoggedActivityAnswer: components["schemas"]["LoggedActivity"] & {
            /** @description What follows from logging it */
            submission_action: {
                action: components["schemas"]["SubmissionAction"];
                redirect_url: string | null;
                delivery_id: string | null;
            };
        };
        EntityIds: {
            id: components["schemas"]["Uuid"];
        }[];
        /**
         * @description The Activity Object is named by its id, or by its name or api_name; if both are there, the id counts. It is for
         *     an employee or for a role, not for both.
         */
        ScheduleActivity: {
            /** Format: uuid */
            activity_object_id?: string | null;
            activity_object_name?: string | null;
            /** Format: date-time */
            due_datetime: string;
            /**
             * Format: date-time
             * @description The due time if left out
             */
            original_due_datetime?: string | null;
            /** Format: uuid */
            employee_id?: string | null;
            /** Format: uuid */
            role_id?: string | null;
            note?: string | null;
            /** @description Employees mentioned in the note */
            mentions?: components["schemas"]["Uuid"][] | null;
            /** @default false */
            notify_mentioned: boolean | null;
            associated_entities?: components["schemas"]["EntityIds"];
        };
        ChangeScheduledActivity: {
            /** Format: date-time */
            due_datetime?: string;
            /** Format: uuid */
            employee_id?: string | null;
            /** Format: uuid */
            role_id?: string | null;
            note?: string | null;
            mentions?: components["schemas"]["Uuid"][] | null;
            notify_mentioned?: boolean | null;
            associated_entities?: components["schemas"]["EntityIds"];
        };
        /**
         * @description It is completed once `completed_at` and `logged_activity_id` are there, and overdue while they are not and the
         *     due time has passed.
         */
        ScheduledActivity: {
            id: components["schemas"]["Uuid"];
            activity_object_id: components["schemas"]["Uuid"];
            activity_object_name: string;
            activity_object_api_name: string;
            due_datetime: components["schemas"]["Time"];
            original_due_datetime: components["schemas"]["Time"];
            employee_id: string | null;
            role_id: string | null;
            employee: components["schemas"]["Person"] | null;
            role: components["schemas"]["ObjectName"] | null;
            associated_entities: components["schemas"]["AssociatedEntity"][];
            note: string;
            mentions: components["schemas"]["Uuid"][];
            notify_mentioned: boolean;
            scheduled_by: components["schemas"]["Person"];
            created_at: components["schemas"]["Time"];
            updated_at: components["schemas"]["Time"];
            /** Format: date-time */
            completed_at: string | null;
            logged_activity_id: string | null;
        };
        RecordObject: {
            id: components["schemas"]["Uuid"];
            name: string;
            api_name: string;
            /** @enum {string} */
            kind: "contact" | "custom";
            description: string;
            version: number;
            created_at: components["schemas"]["Time"];
            /** Format: date-time */
            archived_at: string | null;
        };
        RecordObjectList: {
            results: components["schemas"]["RecordObject"][];
            next: string | null;
            previous: string | null;
        };
        CreateRecordObject: {
            name: string;
            /** @description Made of the name if left out; never changes */
            api_name?: string | null;
            description?: string | null;
        };
        ChangeRecordObject: {
            name?: string | null;
            description?: string | null;
            archived?: boolean | null;
        };
        Record: {
            id: components["schemas"]["Uuid"];
            object: {
                id: components["schemas"]["Uuid"];
                name: string;
                api_name: string;
            };
            display_name: string;
            /** @description Contacts */
            first_name?: string;
            /** @description Contacts */
            last_name?: string;
            /** @description Contacts */
            email?: string | null;
            owner: components["schemas"]["Person"] | null;
            /** @description All fields of the object, standard ones included */
            fields: components["schemas"]["FieldValue"][];
            version: number;
            created_at: components["schemas"]["Time"];
            updated_at: components["schemas"]["Time"];
            /** Format: date-time */
            archived_at: string | null;
        };
        RecordList: {
            results: components["schemas"]["Record"][];
            next: string | null;
            previous: string | null;
        };
        CreateRecord: {
            /** @description Contacts; required there */
            first_name?: string | null;
            /** @description Contacts */
            last_name?: string | null;
            /** @description Contacts */
            email?: string | null;
            /** @description Other records; required there */
            name?: string | null;
            fields?: components["schemas"]["GivenFields"];
            /**
             * Format: uuid
             * @description An employee
             */
            owner_id?: string | null;
        };
        ChangeRecord: {
            first_name?: string | null;
            last_name?: string | null;
            email?: string | null;
            name?: string | null;
            fields?: components["schemas"]["GivenFields"];
            /** Format: uuid */
            owner_id?: string | null;
            archived?: boolean | null;
        };
        ScheduledActivityList: {
            results: components["schemas"]["ScheduledActivity"][];
            next: string | null;
            previous: string | null;
        };
        PersonList: {
            results: components["schemas"]["Person"][];
            next: string | null;
            previous: string | null;
        };
        Employee: {
            id: components["schemas"]["Uuid"];
            display_name: string;
            first_name: string;
            last_name: string;
            email: string;
            active: boolean;
            created_at: components["schemas"]["Time"];
            /** @description Permission groups in which they are themselves, not by a role */
            groups: components["schemas"]["Named"][];
            roles: components["schemas"]["Named"][];
        };
        Named: {
            id: components["schemas"]["Uuid"];
            name: string;
        };
        NewEmployee: {
            first_name: string;
            last_name?: string | null;
            /** @description Compared without case */
            email: string;
            /** @description Permission groups to be in; none if left out */
            group_ids?: components["schemas"]["Uuid"][] | null;
            /** @description Roles to hold */
            role_ids?: components["schemas"]["Uuid"][] | null;
            /** @description Send an invitation as well, unless they have a password already; 409 where the server sends no email */
            invite?: boolean | null;
        };
        ChangeEmployee: {
            first_name?: string | null;
            last_name?: string | null;
            active?: boolean | null;
        };
        Key: {
            id: components["schemas"]["Uuid"];
            name: string;
            /** @description The first characters of the key; null: it is from before these were kept */
            prefix: string | null;
            created_at: components["schemas"]["Time"];
            /**
             * Format: date-time
             * @description To the minute
             */
            last_used_at: string | null;
            /** Format: date-time */
            expires_at: string | null;
            /** @description Only for GET and HEAD, and for POST to …/search and …/form */
            read_only: boolean;
            /**
             * Format: uuid
             * @description The Business in which alone it works; null: in all of its user's
             */
            business_id: string | null;
            /** @description Somebody ended it in this Business */
            blocked: boolean;
            /** @description Whether this request was made with it */
            current: boolean;
        };
        KeyWithSecret: components["schemas"]["Key"] & {
            /** @description What goes into X-API-KEY; it is shown this once */
            key: string;
        };
        KeyList: {
            results: components["schemas"]["Key"][];
            next: string | null;
            previous: string | null;
        };
        NameKey: {
            name: string;
        };
        NewKey: {
            name: string;
            /**
             * Format: date-time
             * @description Never, if left out; or when the key expires with which it is made
             */
            expires_at?: string | null;
            /** @default false */
            read_only: boolean;
            /**
             * Format: uuid
             * @description Where alone it is to work; left out: in all Businesses in which one is an employee
             */
            business_id?: string | null;
        };
        Role: {
            id: components["schemas"]["Uuid"];
            name: string;
            /** @description Active employees who hold it */
            member_count: number;
            created_at: components["schemas"]["Time"];
        };
        RoleList: {
            results: components["schemas"]["Role"][];
            next: string | null;
            previous: string | null;
        };
        RoleWithMembers: components["schemas"]["Role"] & {
            members: components["schemas"]["Person"][];
        };
        NameRole: {
            name: string;
        };
        Permissions: {
            activities?: {
                /** @enum {string} */
                view?: "none" | "my" | "all";
                /** @enum {string} */
                log?: "none" | "all";
                /** @enum {string} */
                delete?: "none" | "my" | "all";
            };
            scheduled?: {
                /** @enum {string} */
                view?: "none" | "my" | "all";
                /** @enum {string} */
                log?: "none" | "my" | "all";
                /** @enum {string} */
                create?: "none" | "my" | "all";
                /** @enum {string} */
                edit?: "none" | "my" | "all";
                /** @enum {string} */
                delete?: "none" | "my" | "all";
            };
            records?: {
                /** @enum {string} */
                view?: "none" | "my" | "all";
                /** @enum {string} */
                create?: "none" | "my" | "all";
                /** @enum {string} */
                edit?: "none" | "my" | "all";
                /** @enum {string} */
                delete?: "none" | "my" | "all";
            };
            objects?: {
                /** @enum {string} */
                view?: "none" | "all";
                /** @enum {string} */
                create?: "none" | "all";
                /** @enum {string} */
                edit?: "none" | "all";
                /** @enum {string} */
                delete?: "none" | "all";
            };
            webhooks?: {
                /** @enum {string} */
                view?: "none" | "all";
            };
            people?: {
                /** @enum {string} */
                view?: "none" | "all";
                /** @enum {string} */
                create?: "none" | "all";
                /** @enum {string} */
                edit?: "none" | "all";
                /** @enum {string} */
                delete?: "none" | "all";
            };
            audit?: {
                /** @enum {string} */
                view?: "none" | "all";
            };
        };
        PermissionGroup: {
            id: components["schemas"]["Uuid"];
            name: string;
            /** @description May do everything, and cannot be changed or deleted */
            is_owner_group: boolean;
            permissions: components["schemas"]["Permissions"];
            /** @description Active employees who are in it themselves */
            member_count: number;
            version: number;
            created_at: components["schemas"]["Time"];
        };
        PermissionGroupList: {
            results: components["schemas"]["PermissionGroup"][];
            next: string | null;
            previous: string | null;
        };
        PermissionGroupWithMembers: components["schemas"]["PermissionGroup"] & {
            members: components["schemas"]["Person"][];
        };
        CreatePermissionGroup: {
            name: string;
            permissions?: components["schemas"]["Permissions"];
        };
        ChangePermissionGroup: {
            name?: string;
            permissions?: components["schemas"]["Permissions"];
        };
        RoleGroups: {
            groups: components["schemas"]["PermissionGroup"][];
        };
        SetRoleGroups: {
            /** @description Permission groups */
            groups: components["schemas"]["Uuid"][];
        };
        ActivitySharing: {
            everyone: boolean;
            roles?: components["schemas"]["Uuid"][];
            employees?: components["schemas"]["Uuid"][];
        };
        RoleMembers: {
            /** @description Employees */
            members: components["schemas"]["Uuid"][];
        };
        SearchRecords: {
            /**
             * @description At most ten words
             * @default
             */
            search: string | null;
            /**
             * @description `display_name` if left out; email for contacts only; `-` before: downwards
             * @enum {string|null}
             */
            ordering?: "display_name" | "-display_name" | "created_at" | "-created_at" | "email" | "-email" | "" | null;
            /** @default 1 */
            page: number;
            /** @default 50 */
            page_size: number;
        };
        RecordPage: {
            results: components["schemas"]["Record"][];
            /** @description Number of the next page */
            next: number | null;
            previous: number | null;
        };
        TimelineEntry: {
            /** @enum {string} */
            kind: "logged" | "scheduled";
            id: components["schemas"]["Uuid"];
            activity_object: {
                id: components["schemas"]["Uuid"];
                name: string;
                api_name: string;
                color: string | null;
                icon: string | null;
            };
            /** @description The first 1000 characters */
            notes: string;
            /** @description The activity has more notes */
            notes_cut: boolean;
            associated_entities: components["schemas"]["AssociatedEntity"][];
            /** Format: date-time */
            logged_at: string | null;
            logged_by: components["schemas"]["Person"] | null;
            /**
             * Format: date-time
             * @description When it was scheduled
             */
            scheduled_at: string | null;
            /** Format: date-time */
            due_datetime: string | null;
            /** @description Whose task it is */
            employee: components["schemas"]["Person"] | null;
            /** @description Whose task it is */
            role: {
                id: components["schemas"]["Uuid"];
                name: string;
            } | null;
            /** Format: date-time */
            completed_at: string | null;
            /**
             * Format: uuid
             * @description What a logged one completed
             */
            scheduled_activity_id: string | null;
            /**
             * Format: uuid
             * @description What completed a scheduled one
             */
            logged_activity_id: string | null;
        };
        TimelinePage: {
            results: components["schemas"]["TimelineEntry"][];
            next: string | null;
            previous: string | null;
            /** @description Where the live stream goes on from */
            live_cursor: string;
        };
        /** @enum {string} */
        DeliveryState: "pending" | "delivered" | "failed";
        /** @description Microseconds from the start of the attempt; 0 where it was not reached */
        Timings: {
            dns_us: number;
            connect_us: number;
            tls_us: number;
            first_byte_us: number;
            total_us: number;
        };
        Attempt: {
            number: number;
            started_at: components["schemas"]["Time"];
            succeeded: boolean;
            /** @description HTTP status of the answer */
            status: number | null;
            /** @enum {string|null} */
            error_class: "status" | "blocked_target" | "dns" | "connection_refused" | "timeout" | "tls" | "protocol" | "body_too_large" | "cancelled" | "local" | null;
            /** @description What went wrong, in one sentence; empty on success */
            detail: string;
            /** @description Sent after a crash; it may be a repetition */
            recovered: boolean;
            /** @description More than 1 when a kept connection turned out dead */
            wire_sends: number;
            timings: components["schemas"]["Timings"];
            response_headers: string;
            /** @description The first 4 KiB; what is not UTF-8 is replaced */
            response_body: string;
            response_body_cut: boolean;
        };
        Delivery: {
            id: components["schemas"]["Uuid"];
            logged_activity_id: components["schemas"]["Uuid"];
            activity_object: components["schemas"]["ObjectName"];
            state: components["schemas"]["DeliveryState"];
            /** @description The Webhook URL in force when the activity was logged */
            url: string;
            settings_version: number;
            created_at: components["schemas"]["Time"];
            /** Format: date-time */
            finished_at: string | null;
            attempts: components["schemas"]["Attempt"][];
        };
        ObjectName: {
            id: components["schemas"]["Uuid"];
            name: string;
        };
        DeliveryList: {
            results: components["schemas"]["Delivery"][];
            next: string | null;
            previous: string | null;
        };
        Notification: {
            id: components["schemas"]["Uuid"];
            /** @enum {string} */
            kind: "delivery_failed";
            created_at: components["schemas"]["Time"];
            delivery_id: components["schemas"]["Uuid"];
            logged_activity_id: components["schemas"]["Uuid"];
            activity_object: components["schemas"]["ObjectName"];
            url: string;
            status: number | null;
            error_class: string | null;
            detail: string;
        };
        NotificationList: {
            results: components["schemas"]["Notification"][];
            next: string | null;
            previous: string | null;
        };
        Invitation: {
            employee_id: components["schemas"]["Uuid"];
            /** @description Where it goes */
            email: string;
        };
        RequestPasswordReset: {
            email: string;
        };
        LinkToken: {
            /** @description What stands after the # of the link */
            token: string;
        };
        UseLink: {
            /** @description What stands after the # of the link */
            token: string;
            /** @description In characters; not the email, nor a name, of its owner */
            password: string;
        };
        LinkOwner: {
            email: string;
            first_name: string;
            last_name: string;
            /** @description Who invites; null for a password reset */
            business_name: string | null;
            expires_at: components["schemas"]["Time"];
        };
        Accepted: {
            detail: string;
        };
        AuditEntry: {
            id: components["schemas"]["Uuid"];
            at: components["schemas"]["Time"];
            /** @description The kind of thing, a dot, and what happened to it: `role.created` */
            action: string;
            subject: {
                kind: string;
                /** Format: uuid */
                id: string | null;
                /** @description As it was called then */
                name: string | null;
            };
            actor: {
                /**
                 * @description An operator of the server; an employee; nobody that is known, but whoever has the link of an email; an
                 *     employee of another Business.
                 * @enum {string}
                 */
                kind: "operator" | "employee" | "nobody" | "elsewhere";
                /** Format: uuid */
                employee_id: string | null;
                /** @description As they were called then */
                display_name: string | null;
            };
            /**
             * @description `herald admin` with a running server, or without one; a key; the browser; no credentials
             * @enum {string}
             */
            via: "admin_socket" | "command" | "api_key" | "session" | "nothing";
            /**
             * Format: uuid
             * @description The key that the caller had
             */
            api_key_id: string | null;
            /** @description The client's */
            address: string | null;
            /**
             * Format: uuid
             * @description As in answers and logs
             */
            request_id: string | null;
            /**
             * @description Each member that changed, as it was and as it is: null when it was not there, or is not any more. Secrets are
             *     left out, and of a URL the values in its query.
             */
            changes: {
                [key: string]: {
                    before: unknown;
                    after: unknown;
                };
            };
        };
        AuditEntryList: {
            results: components["schemas"]["AuditEntry"][];
            next: string | null;
            previous: string | null;
        };
        /** @description Either `token`, or `email` and `password` */
        SignIn: {
            /** @description From the link; works once */
            token?: string | null;
            email?: string | null;
            password?: string | null;
            /**
             * Format: uuid
             * @description With a password: the Business to work in
             */
            business_id?: string | null;
        };
        SwitchBusiness: {
            business_id: components["schemas"]["Uuid"];
        };
        ChangePassword: {
            /** @description Needed by whoever has one */
            current_password?: string | null;
            /** @description In characters; not the email, nor a name, of its owner */
            password: string;
        };
        Session: {
            user: components["schemas"]["Person"];
            employee_id: components["schemas"]["Uuid"];
            business: components["schemas"]["ObjectName"];
            /** @description Those in which the user is an active employee, by name; at most 200 */
            businesses: components["schemas"]["ObjectName"][];
            /** @description Whether the user can sign in with a password */
            has_password: boolean;
        };
        SignedIn: {
            id: components["schemas"]["Uuid"];
            /** @description Whether the caller calls by it */
            current: boolean;
            business_name: string;
            created_at: components["schemas"]["Time"];
            /** @description To the minute */
            last_seen_at: components["schemas"]["Time"];
            /** @description At the latest; sooner if it is not used */
            expires_at: components["schemas"]["Time"];
            /** @description From where it was begun */
            address: string;
            /** @description What the browser said it is, cut to 200 characters */
            user_agent: string;
        };
        SignedInList: {
            results: components["schemas"]["SignedIn"][];
            /** @description There is one page */
            next: null;
            previous: null;
        };
    };
    responses: {
        /**
         * @description The Scheduled Activity has been completed before, by `logged_activity_id`; or, without that member, the Activity
         *     Object is archived, or what was logged with this Idempotency-Key has been deleted
         */
        CompletedBefore: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    logged_activity_id?: components["schemas"]["Uuid"];
                };
            };
        };
        /** @description Refused; nothing has changed */
        Problem: {
            headers: {
                /** @description With a 401: ApiKey, which stands for the three headers */
                "WWW-Authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Refused; somebody has completed the Scheduled Activity */
        Completed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["CompletedProblem"];
            };
        };
        /** @description Too many requests of this key or address, or too many wrong credentials; try again later */
        Limited: {
            headers: {
                /** @description Seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Not possible just now; nothing was acknowledged, try again */
        Unavailable: {
            headers: {
                /** @description Seconds */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description Makes the request safe to repeat: for at least 48 hours, if the server is not configured otherwise, a repeat with
         *     the same key and body gets the answer of the first, with `Idempotent-Replayed: true`, and nothing is logged again. Another body with the same key is a
         *     422. Keys are each employee's own.
         */
        IdempotencyKey: string;
        Id: string;
        /**
         * @description Id or api_name of a record object, such as `contacts`
         * @example contacts
         */
        Object: string;
        FieldId: components["schemas"]["Uuid"];
        KeyId: components["schemas"]["Uuid"];
        Limit: number;
        /** @description Those that are not archived, those that are, or all */
        Archived: "false" | "true" | "all";
        ArchivedOnly: boolean;
        /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
        IfMatch: string;
        /** @description The ETag that was read, with its quotation marks; a stale one is a 412 */
        IfMatchOptional: string;
        /** @description The `next` or `previous` of another page */
        Cursor: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listLoggedActivities: {
        parameters: {
            query?: {
                /** @description Of this type */
                activity_object_id?: string;
                /** @description About this record, or about every record of its object */
                record_id?: string;
                /** @description Logged by this employee */
                employee_id?: string;
                /** @description Logged at this time or later */
                logged_after?: string;
                /** @description Logged before this time */
                logged_before?: string;
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedActivityList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    logActivity: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to repeat: for at least 48 hours, if the server is not configured otherwise, a repeat with
                 *     the same key and body gets the answer of the first, with `Idempotent-Replayed: true`, and nothing is logged again. Another body with the same key is a
                 *     422. Keys are each employee's own.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogActivity"];
            };
        };
        responses: {
            /** @description Logged, durably */
            201: {
                headers: {
                    /** @description Address of the record */
                    Location?: string;
                    /** @description `true`: the answer that the first request got */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedActivityAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["CompletedBefore"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getLoggedActivity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedActivity"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteLoggedActivity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted, durably */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    completeScheduledActivity: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes the request safe to repeat: for at least 48 hours, if the server is not configured otherwise, a repeat with
                 *     the same key and body gets the answer of the first, with `Idempotent-Replayed: true`, and nothing is logged again. Another body with the same key is a
                 *     422. Keys are each employee's own.
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteActivity"];
            };
        };
        responses: {
            /** @description Completed and logged, durably */
            201: {
                headers: {
                    /** @description Address of the record */
                    Location?: string;
                    /** @description `true`: the answer that the first request got */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedActivityAnswer"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["CompletedBefore"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listScheduledActivities: {
        parameters: {
            query?: {
                /** @description Those for this employee */
                employee_id?: string;
                /** @description Those for this role */
                role_id?: string;
                activity_object_id?: string;
                /** @description Those about this record, or about every record of its object */
                record_id?: string;
                /** @description Due at this moment or later */
                due_after?: string;
                /** @description Due before this moment */
                due_before?: string;
                /** @description Open ones are not completed; of these, overdue ones were due before now */
                state?: "any" | "open" | "completed" | "overdue";
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledActivityList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    scheduleActivity: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduleActivity"];
            };
        };
        responses: {
            /** @description Scheduled, durably */
            201: {
                headers: {
                    /** @description Address of the Scheduled Activity */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledActivity"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getScheduledActivity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The Scheduled Activity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledActivity"];
                };
            };
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteScheduledActivity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeScheduledActivity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeScheduledActivity"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduledActivity"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Completed"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listActivityObjects: {
        parameters: {
            query?: {
                /** @description Those that are not archived, those that are, or all */
                archived?: components["parameters"]["Archived"];
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityObjectList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createActivityObject: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateActivityObject"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    /** @description Version of the settings */
                    ETag?: string;
                    /** @description Address of the Activity Object */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getActivityObject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    /** @description Version of the settings, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    archiveActivityObject: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Archived */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeActivityObject: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeActivityObject"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRecordObjects: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
                archived?: components["parameters"]["ArchivedOnly"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordObjectList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRecordObject: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRecordObject"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    /** @description Version of the object */
                    ETag?: string;
                    /** @description Address of the object */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRecordObject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The object */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    archiveRecordObject: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Archived */
            200: {
                headers: {
                    /** @description The version with which it can be restored */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeRecordObject: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeRecordObject"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordObject"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRecords: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
                archived?: components["parameters"]["ArchivedOnly"];
            };
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRecord: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRecord"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    /** @description Version of the record */
                    ETag?: string;
                    /** @description Address of the record */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    searchRecords: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchRecords"];
            };
        };
        responses: {
            /** @description What is found */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordPage"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRecord: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record */
            200: {
                headers: {
                    /** @description Version of the record, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    archiveRecord: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412 */
                "If-Match"?: components["parameters"]["IfMatchOptional"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Archived */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeRecord: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412 */
                "If-Match"?: components["parameters"]["IfMatchOptional"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeRecord"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Record"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listActivityFields: {
        parameters: {
            query?: {
                /** @description Those that are not archived, those that are, or all */
                archived?: components["parameters"]["Archived"];
            };
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fields */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FieldList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createActivityField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateActivityField"];
            };
        };
        responses: {
            /** @description Added */
            201: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    /** @description Address of the field */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    orderActivityFields: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FieldOrder"];
            };
        };
        responses: {
            /** @description The fields, in their new order */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FieldList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getActivityField: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The field */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    archiveActivityField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Archived */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeActivityField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeField"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRecordFields: {
        parameters: {
            query?: {
                /** @description Those that are not archived, those that are, or all */
                archived?: components["parameters"]["Archived"];
            };
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fields */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FieldList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRecordField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRecordField"];
            };
        };
        responses: {
            /** @description Added */
            201: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    /** @description Address of the field */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    orderRecordFields: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FieldOrder"];
            };
        };
        responses: {
            /** @description The fields, in their new order */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FieldList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRecordField: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The field */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    archiveRecordField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Archived */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeRecordField: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /**
                 * @description Id or api_name of a record object, such as `contacts`
                 * @example contacts
                 */
                object: components["parameters"]["Object"];
                field_id: components["parameters"]["FieldId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeField"];
            };
        };
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    /** @description Version of the object, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Field"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getActivityForm: {
        parameters: {
            query?: {
                /**
                 * @description A JSON object, from the names of fields to their values as they are written when logging
                 * @example {"outcome": "Won"}
                 */
                values?: string;
            };
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The form */
            200: {
                headers: {
                    /** @description Version of the settings */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityForm"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    postActivityForm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskActivityForm"];
            };
        };
        responses: {
            /** @description The form */
            200: {
                headers: {
                    /** @description Version of the settings */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityForm"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getActivityRules: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All rules, in order */
            200: {
                headers: {
                    /** @description Version of the settings, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityRules"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    replaceActivityRules: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplaceActivityRules"];
            };
        };
        responses: {
            /** @description Replaced */
            200: {
                headers: {
                    /** @description The new version */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivityRules"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getActivitySharing: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everyone, or the roles and employees */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivitySharing"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    setActivitySharing: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActivitySharing"];
            };
        };
        responses: {
            /** @description Shared */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActivitySharing"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTimeline: {
        parameters: {
            query?: {
                kind?: "logged" | "scheduled";
                activity_object_id?: string;
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /** @description A record object, by id or `api_name` */
                object: string;
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelinePage"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    streamTimeline: {
        parameters: {
            query?: {
                /** @description A `live_cursor` or the `id` of an event */
                cursor?: string;
            };
            header?: {
                /** @description The same; counts before `cursor` */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description A record object, by id or `api_name` */
                object: string;
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, until either side ends it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                logged_activity_id?: string;
                state?: components["schemas"]["DeliveryState"];
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listEmployees: {
        parameters: {
            query?: {
                /** @description Those who are active, or those who were deactivated */
                active?: "true" | "false";
                /** @description Only those with a word of the name, or an email, that begins with this, in any case */
                search?: string;
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEmployee"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    /** @description Address of the employee */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Employee"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The employee */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Employee"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    deactivateEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are not active any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeEmployee"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Employee"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listEmployeeKeys: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeEmployeeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does not work here any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listKeys: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyWithSecret"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does not work any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    renameKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: components["parameters"]["KeyId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameKey"];
            };
        };
        responses: {
            /** @description Renamed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    inviteEmployee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The email is on its way; it is tried for a day */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    acceptInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UseLink"];
            };
        };
        responses: {
            /** @description Signed in; the session is a cookie that scripts cannot read */
            201: {
                headers: {
                    /** @description herald_session, HttpOnly, SameSite=Strict; Secure where the pages are reached by https */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    checkInvitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description It is good */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkOwner"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    requestPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RequestPasswordReset"];
            };
        };
        responses: {
            /** @description If there is such an account, the email is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            400: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Limited"];
            503: components["responses"]["Unavailable"];
        };
    };
    checkPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description It is good */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkOwner"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    confirmPasswordReset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UseLink"];
            };
        };
        responses: {
            /** @description Set; the person may sign in with it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listPermissionGroups: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PermissionGroupList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createPermissionGroup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePermissionGroup"];
            };
        };
        responses: {
            /** @description Made; nobody is in it yet */
            201: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    /** @description Address of the group */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PermissionGroupWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getPermissionGroup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PermissionGroupWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    deletePermissionGroup: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changePermissionGroup: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag that was read, with its quotation marks; a stale one is a 412, none at all a 428 */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePermissionGroup"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PermissionGroupWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            428: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    setPermissionGroupMembers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleMembers"];
            };
        };
        responses: {
            /** @description They are in it now */
            200: {
                headers: {
                    /** @description Its version, for If-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PermissionGroupWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRoles: {
        parameters: {
            query?: {
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRole: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameRole"];
            };
        };
        responses: {
            /** @description Made; nobody holds it yet */
            201: {
                headers: {
                    /** @description Address of the role */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRole: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The role */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    renameRole: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameRole"];
            };
        };
        responses: {
            /** @description Renamed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    setRoleMembers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleMembers"];
            };
        };
        responses: {
            /** @description They hold it now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleWithMembers"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRoleGroups: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups, by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleGroups"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    setRoleGroups: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetRoleGroups"];
            };
        };
        responses: {
            /** @description It carries them now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleGroups"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                /** @description By this employee */
                employee_id?: string;
                /**
                 * @description About this thing
                 * @example 0193b3a0-0003-7000-8000-000000000001
                 */
                subject_id?: string;
                /**
                 * @description About things of this kind
                 * @example role
                 */
                subject_kind?: string;
                /**
                 * @description With this action
                 * @example role.created
                 */
                action?: string;
                /** @description At this time or later */
                after?: string;
                /** @description Before this time */
                before?: string;
                limit?: components["parameters"]["Limit"];
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportAuditLog: {
        parameters: {
            query?: {
                /** @description JSON Lines, each an entry; or CSV */
                format?: "jsonl" | "csv";
                /** @description By this employee */
                employee_id?: string;
                /**
                 * @description About this thing
                 * @example 0193b3a0-0003-7000-8000-000000000001
                 */
                subject_id?: string;
                /**
                 * @description About things of this kind
                 * @example role
                 */
                subject_kind?: string;
                /**
                 * @description With this action
                 * @example role.created
                 */
                action?: string;
                /** @description At this time or later */
                after?: string;
                /** @description Before this time */
                before?: string;
                /** @description The `next` or `previous` of another page */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries */
            200: {
                headers: {
                    /** @description Where the rest begins; not there at the end */
                    "X-Next-Cursor"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": string;
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            429: components["responses"]["Limited"];
            503: components["responses"]["Unavailable"];
        };
    };
    switchBusiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SwitchBusiness"];
            };
        };
        responses: {
            /** @description Who calls from now on */
            200: {
                headers: {
                    /** @description herald_session, HttpOnly, SameSite=Strict; Secure where the pages are reached by https */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Signed in; the session is a cookie that scripts cannot read */
            201: {
                headers: {
                    /** @description herald_session, HttpOnly, SameSite=Strict; Secure where the pages are reached by https */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Limited"];
            503: components["responses"]["Unavailable"];
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description In all Businesses of the person; at most 100 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    signOutEverywhere: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out everywhere */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            503: components["responses"]["Unavailable"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Changed; the caller's new session */
            200: {
                headers: {
                    /** @description herald_session, HttpOnly, SameSite=Strict; Secure where the pages are reached by https */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["Limited"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description It cannot */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
