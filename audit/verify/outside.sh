# Part of verify.sh: what others than the key's owner have signed.
# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2086,SC2154,SC2295

# Each anchor pins a line of SEALS, whether or not anybody has stamped it. Who counts comes from the auditor alone.
anchors() {
    : > "$W/seen"
    below "$side/anchors/" | sed -n 's/\/.*//p' | sort -u > "$W/anchors"
    while read -r dir; do
        folder=$side/anchors/$dir line=$(echo "$dir" | sed 's/^0*//')
        case $dir.${#dir} in *[!0-9]*.* | .* ) line= ;; *.20) ;; *) line= ;; esac
        [ -n "$line" ] && [ -f "$folder/chain" ] || { tell 'NOT COUNTED' "$folder: has no chain note, or no such name"; continue; }
        pinned "$folder/chain" "$line" || continue
        cp "$W/text" "$W/stamped" || io "cannot write"
        below "$folder/" | sed -n '/^[a-z0-9-]*\.tsr$/p' > "$W/stamps"
        while read -r file; do stamp "$folder/${file%.tsr}"; done < "$W/stamps"
        [ -f "$folder/checkpoint" ] && note "$folder/checkpoint" "$folder/checkpoint" || continue
        [ "$number $hash $origin_said" = "$lines $root $origin" ] ||
            wrong "$folder/checkpoint: FORKED: what was signed then is not the tree of the seals up to line $line of SEALS"
        note_signed "$origin" "$folder/checkpoint" "$id" "$key" "$old_id" "$old_key"
        cosignatures "$lines lines"
    done < "$W/anchors"
    if [ -f "$side/checkpoint" ] && note "$side/checkpoint" "$side/checkpoint"; then cosignatures "$number lines"; fi
}

# A time stamp (RFC 3161) over $W/stamped.
stamp() {
    openssl ts -reply -in "$1.tsr" -text 2> "$W/said" | tr -c '\012\040-\176' '?' > "$W/reply"
    imprint= seconds=
    read -r algorithm imprint seconds << END_OF_TEXT
$(awk -f "$A/stamp.awk" "$W/reply")
END_OF_TEXT
    case $algorithm in
        sha256 | sha384 | sha512) ;;
        *) tell 'NOT COUNTED' "$1.tsr: is no time stamp that is known here"; return ;;
    esac
    [ "$imprint" = "$(openssl dgst "-$algorithm" -r < "$W/stamped" | cut -d ' ' -f 1)" ] || {
        wrong "$1.tsr: is a stamp of another text than the chain beside it"; return; }
    when=$(sed -n 's/^Time stamp: //p' "$W/reply")
    [ -n "$tsa" ] || { tell 'NOT COUNTED' "$1.tsr: says $when; name its authority with --tsa-ca"; return; }
    more=; [ ! -f "$1.pem" ] || more="-untrusted $1.pem"
    # shellcheck disable=SC2086 # A path of the pack has no space.
    if openssl ts -verify -in "$1.tsr" -data "$W/stamped" -CAfile "$tsa" $more -attime "$seconds" > "$W/said" 2>&1; then
        stamps=$((stamps + 1))
        tell stamp "$log: $line lines of SEALS, with $lines lines of the log, were there by $when ($1.tsr)"
    else tell 'NOT COUNTED' "$1.tsr: says $when, and the authorities of $tsa did not sign that"; fi
}

# Of the note that was read, which is a checkpoint: C2SP tlog-cosignature, a time before the signature.
cosignatures() {
    [ "$can" = 1 ] || return 0
    while read -r id_of key_of name_of; do
        signatures_of "$name_of" "$id_of"
        while read -r hex sig; do
            case ${#hex}.$hex in 144.[0-7]*) ;; *) continue ;; esac
            [ "$(strong "${hex#????????????????}")" = strong ] || continue
            seconds=$(printf '%d' "0x${hex%"${hex#????????????????}"}")
            { printf 'cosignature/v1\ntime %s\n' "$seconds"; cat "$W/text"; } > "$W/cosigned" || io "cannot write"
            if ed25519 "$key_of" "${sig#????????????????????????????????}" "$W/cosigned"; then
                echo "$id_of" >> "$W/seen"
                tell cosigned "$log: $1 by $name_of, who says that it was second $seconds since 1970"
            else tell 'NOT COUNTED' "$log: a cosignature in the name of $name_of is wrong"; fi
        done < "$W/mine"
    done < "$W/witnesses"
}

# What the auditor asked for, of one log.
outsiders() {
    [ -z "$tsa" ] || [ "$stamps" -gt 0 ] || lack "$log: has no time stamp by an authority of $tsa"
    while read -r id_of _ name_of; do
        grep -q -x "$id_of" "$W/seen" || lack "$log: $name_of has not cosigned it"
    done < "$W/witnesses"
}
