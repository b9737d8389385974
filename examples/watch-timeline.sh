#!/usr/bin/env bash
# Prints what happens on a record's timeline, line by line as JSON, and loses nothing: whenever the connection ends, it
# comes back with the id of the last event that it printed. It stops when the server refuses it or ends the stream for good.
set -euo pipefail

usage()
{
    cat >&2 <<END
usage: watch-timeline.sh OBJECT RECORD      e.g. watch-timeline.sh contacts 01a20ceb-2003-7000-9a31-803b6af9d4e8

The environment says where and as whom; export what the shell has already:
    export HERALD=http://127.0.0.1:8080     (this one if it is not set)
    export KEY=… BUSINESS=… USER_ID=…
END
    exit 2
}

[[ $# -eq 2 && -n ${KEY-} && -n ${BUSINESS-} && -n ${USER_ID-} ]] || usage

address=${HERALD:-http://127.0.0.1:8080}/api/records/$1/$2/timeline/stream
headers=(-H "X-API-KEY: $KEY" -H "X-BUSINESS-ID: $BUSINESS" -H "X-USER-ID: $USER_ID")
last='' id=''

# Without an id it begins with what happens from now on. It ends with the status of the answer.
connect()
{
    curl --silent --show-error --no-buffer --write-out 'status: %{http_code}\n' "${headers[@]}" \
        ${last:+-H "Last-Event-ID: $last"} "$address"
}

# Says what the server said, and stops: asking again would not help.
refused()
{
    local detail='"detail":"(([^"\\]|\\.)*)"'
    [[ ! $1 =~ $detail ]] || set -- "${BASH_REMATCH[1]}"
    printf '%s\n' "$1" >&2
    exit 1
}

while true; do
    event='' data=''
    while IFS= read -r line; do
        case $line in
        'id: '*) id=${line#id: } ;;
        'event: '*) event=${line#event: } ;;
        'data: '*) data=${line#data: } ;;
        *'status: 4'[0-9][0-9]) refused "$line" ;;
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
