#!/usr/bin/env bash
# Prints what happens on a record's timeline, line by line as JSON, and loses nothing: whenever the connection ends, it
# comes back with the id of the last event that it printed.
#
#   watch-timeline.sh OBJECT RECORD         e.g. watch-timeline.sh contacts 01a20ceb-2003-7000-9a31-803b6af9d4e8
#
# HERALD (http://127.0.0.1:8080), KEY, BUSINESS and USER_ID say where and as whom.
set -euo pipefail

address=${HERALD:-http://127.0.0.1:8080}/api/records/$1/$2/timeline/stream
headers=(-H "X-API-KEY: $KEY" -H "X-BUSINESS-ID: $BUSINESS" -H "X-USER-ID: $USER_ID")
last='' id=''

# Without an id it begins with what happens from now on.
connect()
{
    curl --silent --show-error --no-buffer --fail-with-body "${headers[@]}" ${last:+-H "Last-Event-ID: $last"} "$address"
}

while true; do
    event='' data=''
    while IFS= read -r line; do
        case $line in
        'id: '*) id=${line#id: } ;;
        'event: '*) event=${line#event: } ;;
        'data: '*) data=${line#data: } ;;
        '')
            [[ -z $event ]] || printf '{"event":"%s","data":%s}\n' "$event" "$data"
            [[ $event != end ]] || exit 1
            [[ -z $event ]] || last=$id
            event='' data=''
            ;;
        esac
    done < <(connect)
    sleep 1
done
