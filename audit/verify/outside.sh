# Part of verify.sh: what others than the key's owner have signed.
# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2086,SC2154,SC2295

# Each anchor pins a line of SEALS, whether or not anybody has stamped it. Who counts comes from the auditor alone.
anchors() {
    : > "$W/seen"
    below "$side/anchors/" | sed -n 's/\/.*//p' | sort -u > "$W/anchors" || io "cannot write"
    while read -r dir; do
        folder=$side/anchors/$dir line=$(echo "$dir" | sed 's/^0*//')
        case $dir.${#dir} in *[!0-9]*.* | .* ) line= ;; *.20) ;; *) line= ;; esac
        [ -n "$line" ] && { [ -f "$folder/chain" ] || [ -f "$folder/checkpoint" ]; } || {
            tell 'NOT COUNTED' "$folder: has no note, or no such name"; continue; }
        of_before && { tell 'NOT COUNTED' "$folder: is of the log that this one took the place of"; continue; }
        rm -f "$W/stamped"
        if [ -f "$folder/chain" ]; then
            pinned "$folder/chain" "$line" || continue
            cp "$W/text" "$W/stamped" || io "cannot write"
        else at "$line" || { wrong "$folder: is over $line lines of SEALS, and it has $records"; continue; }; fi
        below "$folder/" | sed -n '/^[a-z0-9-]\{1,40\}\.tsr$/p' > "$W/stamps" || io "cannot write"
        while read -r file; do stamp "$folder/${file%.tsr}"; done < "$W/stamps"
        [ -f "$folder/checkpoint" ] && note "$folder/checkpoint" "$folder/checkpoint" || continue
        [ "$number $hash $origin_said" = "$lines $root $origin" ] || {
            wrong "$folder/checkpoint: FORKED: what was signed then is not the tree of the seals up to line $line of SEALS"; continue; }
        note_signed "$origin" "$folder/checkpoint" "$id" "$key" "$old_id" "$old_key"
        cosignatures
    done < "$W/anchors"
}

# A restarted log may keep what others said of the one before it.
of_before() {
    [ -n "$old" ] && [ -f "$folder/chain" ] && note "$folder/chain" "$folder/chain" > "$W/said" && [ "$origin_said" = "${old%% *}/seals" ]
}

# Whether these Unix seconds are still to come. A clock may be wrong by ten minutes.
to_come() { [ "$1" -gt $(($(date +%s) + 600)) ]; }

# A time stamp (RFC 3161) over $W/stamped.
stamp() {
    few 65536 "$1.tsr" "$W/tsr" || { wrong "$1.tsr: is longer than a time stamp can be"; return; }
    openssl ts -reply -in "$W/tsr" -text 2> "$W/said" | tr -c '\012\040-\176' '?' > "$W/reply"
    imprint= seconds=
    read -r algorithm imprint seconds << END_OF_TEXT
$(awk -f "$A/stamp.awk" "$W/reply")
END_OF_TEXT
    [ -n "$seconds" ] || { wrong "$1.tsr: is no time stamp"; return; }
    [ -f "$W/stamped" ] && [ "$algorithm $imprint" = "sha256 $(hash_of < "$W/stamped")" ] || {
        wrong "$1.tsr: is a stamp of another text than the chain beside it"; return; }
    # What the authority says before that is signed by nobody.
    when=$(sed -n 's/^Time stamp: //p' "$W/reply" | tail -n 1)
    [ -n "$tsa" ] || { tell 'NOT COUNTED' "$1.tsr: says $when; name its authority with --tsa-ca"; return; }
    more=
    if [ -f "$1.pem" ]; then
        few 1048576 "$1.pem" "$W/pem" || { wrong "$1.pem: is longer than certificates can be"; return; }
        more="-untrusted $W/pem"
    fi
    # shellcheck disable=SC2086 # A folder of mktemp has no space, or else it is our own.
    if ! openssl ts -verify -in "$W/tsr" -data "$W/stamped" -CAfile "$tsa" $more -attime "$seconds" > "$W/said" 2>&1; then
        tell 'NOT COUNTED' "$1.tsr: says $when, and the authorities of $tsa did not sign that"
    elif [ "$lines" = 0 ]; then tell 'NOT COUNTED' "$1.tsr: is about a log of no lines, as which every log begins"
    elif to_come "$seconds"; then tell 'NOT COUNTED' "$1.tsr: its time, $when, is still to come"
    else
        stamps=$((stamps + 1))
        tell stamp "$log: $line lines of SEALS, with $lines lines of the log, were there by $when ($1.tsr)"
    fi
}

# Of the note that was read, which is a checkpoint: C2SP tlog-cosignature, a time before the signature.
cosignatures() {
    [ "$can" = 1 ] || return 0
    while read -r id_of key_of name_of; do
        newest=
        signatures_of "$name_of" "$id_of"
        while read -r hex sig; do
            cosigned || { newest=; wrong "$folder/checkpoint: a cosignature in the name of $name_of is wrong"; break; }
            [ "$seconds" -le "${newest:-0}" ] || newest=$seconds
        done < "$W/mine"
        [ -n "$newest" ] && [ "$lines" != 0 ] || continue
        to_come "$newest" && { tell 'NOT COUNTED' "$log: the time of $name_of, second $newest, is still to come"; continue; }
        echo "$id_of" >> "$W/seen"
        tell cosigned "$log: $lines lines by $name_of, who says that it was second $newest since 1970"
    done < "$W/witnesses"
}

# One of them: sets `seconds`.
cosigned() {
    case ${#hex}.$hex in 144.[0-7]*) ;; *) return 1 ;; esac
    [ "$(strong "${hex#????????????????}")" = strong ] || return 1
    seconds=$(printf '%d' "0x${hex%"${hex#????????????????}"}")
    { printf 'cosignature/v1\ntime %s\n' "$seconds"; cat "$W/text"; } > "$W/cosigned" || io "cannot write"
    ed25519 "$key_of" "${sig#????????????????????????????????}" "$W/cosigned"
}

# What the auditor asked for, of one log.
outsiders() {
    [ -z "$tsa" ] || [ "$stamps" -gt 0 ] || lack "$log: has no time stamp by an authority of $tsa"
    while read -r id_of _ name_of; do
        grep -q -x "$id_of" "$W/seen" || lack "$log: $name_of has not cosigned it"
    done < "$W/witnesses"
}
