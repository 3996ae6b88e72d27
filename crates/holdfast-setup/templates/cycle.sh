#!/bin/sh
# One cycle of a trading pipeline, with the three habits of Holdfast wired in.
#
# guard     it runs only while the circuit is green, and asks again before each order
# beat      hb-write records its begin, its end, and how it ended
# decision  each is a line of memory/decisions.jsonl, appended in one write before it is acted on
#
# However it is started, it puts itself behind guard and hb-write.
set -eu

bin=@BIN@
root=@ROOT@
test -z "${HOLDFAST_ROOT:-}" || root=$HOLDFAST_ROOT
name=pipeline # its heartbeat is data/heartbeats/pipeline.json

if test -z "${HOLDFAST_MODE:-}"; then
    exec "$bin/circuit-ctl" guard --root "$root" -- \
        "$bin/hb-write" exec --root "$root" --name "$name" -- "$0"
fi

# Asks the circuit. Every answer but 0 is a stop.
may_trade() {
    "$bin/circuit-ctl" check --root "$root" >/dev/null
}

# Keeps a decision: its id, what is done, why. The words hold no quotes and no backslashes; a line of less than 4096 bytes is
# appended in one write.
decide() {
    printf '{"id":"%s","at":%s,"act":"%s","why":"%s"}\n' "$1" "$(date +%s)" "$2" "$3" >>"$root/memory/decisions.jsonl"
}

# Your work: look at the market, and decide. Until then it holds.
id=$(date +%s)-$$
wanted=
if test -z "$wanted"; then
    decide "$id" hold 'a starter has no opinion'
    exit
fi
decide "$id" buy "$wanted"
if ! may_trade; then
    decide "$id-skipped" skip 'trading is paused'
    exit
fi
# Send it here, with the id of the decision as that of the order: sent twice, it is one order.
