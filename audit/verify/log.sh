# Part of verify.sh: signed notes, and the logs.
# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2086,SC2154,SC2295

# Reads a note into $W/note and its text into $W/text; number, hash, lines and origin of the text where it has them.
note() {
    number= hash= count= origin_said=
    [ -f "$1" ] || { wrong "$2: is missing"; return 1; }
    few 1000000 "$1" "$W/bytes" || { wrong "$2: is longer than a note can be"; return 1; }
    of_bytes "$W/bytes" | awk -f "$A/lib.awk" -f "$A/note.awk" > "$W/note" || io "cannot write"
    read -r kind text < "$W/note" || :
    [ "$kind" = T ] || { wrong "$2: ${text:-is no note}"; return 1; }
    head -c "$text" < "$W/bytes" > "$W/text" || io "cannot write"
    IFS=' ' read -r number hash count origin_said << END_OF_TEXT
$(sed -n 's/^P //p' "$W/note")
END_OF_TEXT
}

# `strong`, if these 64 bytes in hex are a signature that only one key can have made.
strong() { echo "$1" | awk -f "$A/lib.awk" -f "$A/weak.awk"; }

# Of the note that was read: hex and escapes of each signature under this name and id. No -v, which reads escapes.
signatures_of() {
    NAME=$1 ID=$2 awk '$1 == "G" && ($2 "") == (ENVIRON["ID"] "") && NF == 5 && ($5 "") == (ENVIRON["NAME"] "") { print $3, $4 }' \
        "$W/note" > "$W/mine" || io "cannot write"
}

# Whether the key has signed the note that was read: each of its signatures must be right. Sets `is`.
note_by() {
    is=unsigned
    signatures_of "$1" "$2"
    while read -r hex sig; do
        is=signed
        [ "$(strong "$hex")" = strong ] && ed25519 "$3" "$sig" "$W/text" || { is=wrong; return; }
    done < "$W/mine"
}

# The same, told, of the one or two keys that must have signed: name, what is shown, and id and key of each.
note_signed() {
    [ "$can" = 1 ] || return 0
    note_by "$1" "$3" "$4"
    [ "$is" != signed ] || [ "$5" = - ] || note_by "$1" "$5" "$6"
    [ "$is" = signed ] || wrong "$2: its key has not signed it, or a signature in its name is wrong"
}

# Goes through a SEALS file; the plan is what seals.awk prints of it.
seals() {
    rm -rf "$W/lines" && mkdir "$W/lines" || io "cannot write"
    tr -c '\012\040-\176' '\001' < "$1" > "$W/seals" || ends 74 "$1: cannot be read"
    count=$(wc -l < "$W/seals") && count=$((count))
    : > "$W/hashes"
    awk -v lines="$count" -v hash='cd "$W/lines" && ls | xargs $SHA | cut -c 1-64 >> "$W/hashes" && ls | xargs rm' \
        -f "$A/hashes.awk" "$W/seals" || io "SEALS cannot be hashed"
    awk -v lines="$count" -v size="$2" -v log_file="$3" -f "$A/lib.awk" -f "$A/seals.awk" "$W/seals" > "$W/plan" || io "cannot write"
    # The ids of keys, before what is wrong further down.
    fault=
    sed -n 's/^V //p' "$W/plan" > "$W/keys" || io "cannot write"
    while read -r line name id key; do
        [ "$(key_id "$name" '\001' "$key")" = "$id" ] || { fault="$line the id of its key is not that of name and key"; return 1; }
    done < "$W/keys"
    fault=$(sed -n 's/^E //p' "$W/plan")
    [ -z "$fault" ]
}

# The files below a folder of the pack.
below() { awk -v folder="$1" 'index($2, folder) == 1 { print substr($2, length(folder) + 1) }' "$W/list"; }

# Sets what is said up to a line of SEALS.
at() {
    head= lines= root= id= key= old_id= old_key=
    IFS=' ' read -r head lines root id key old_id old_key << END_OF_TEXT
$(sed -n "s/^@ $1 //p" "$W/plan")
END_OF_TEXT
    [ -n "$head" ]
}

# Every sealed byte of the log, file by file: the files have the length that the seals say, and each segment its hash.
segments() {
    awk -v above="$above" -f "$A/extents.awk" "$W/list" "$W/plan" > "$W/work" || io "cannot write"
    sed -n 's/^E //p' "$W/work" | head -n 20 > "$W/odd" || io "cannot write"
    while IFS= read -r says; do wrong "$says"; done < "$W/odd"
    [ ! -s "$W/odd" ] || return
    rm -rf "$W/s" && mkdir "$W/s" && batch || io "cannot write"
    covered=0
    while read -r kind a b c d e; do
        case $kind in
            X) exec 3< "$a" ;;
            S)
                held=$((held + 1)) sum=$((sum + c - b)) covered=$((covered + c - b))
                copy $((c - b)) > "$W/s/$held" || io "a segment cannot be written"
                echo "$e  $held $a $b $c $d" >&4
                [ "$held" -lt 500 ] && [ "$sum" -lt 67108864 ] || { judge; batch; } ;;
        esac
    done < "$W/work"
    judge
    exec 3<&- 4>&-
    [ "$covered" = "$bytes" ] || wrong "$log: of $bytes sealed bytes only $covered were found"
}
batch() { held=0 sum=0; exec 4> "$W/batch"; }

# The segments that were laid down: bytes, number of lines, and whether each ends with a line.
judge() {
    [ "$held" -gt 0 ] || return 0
    cd "$W/s" || io "cannot write"
    cut -d ' ' -f 3 ../batch > ../names && xargs $SHA < ../names > ../sums && xargs wc -l < ../names > ../counts || io "cannot write"
    awk -f "$A/segments.awk" ../batch ../sums ../counts > ../odd || io "cannot write"
    while IFS= read -r says; do wrong "$log: $says"; done < ../odd
    # A line that nobody can have foreseen stands whole behind each segment that ends in LF.
    mark=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
    echo "$mark" > ../mark
    whole=$(sed 's/$/ ..\/mark/' ../names | tr ' ' '\n' | xargs cat | tr '\000' x | grep -c -x -F "$mark")
    [ "$whole" = "$held" ] || wrong "$log: a seal ends within a line"
    xargs rm < ../names
    cd "$B" || io "cannot go back"
}

check_log() {
    log=$1 above= side=$1.audit
    case $log in */*) above=${log%/*}/ ;; esac
    stamps=0
    before=$bad bad=0
    log_once
    [ "$bad" = 1 ] || bad=$before
}

log_once() {
    note "$side/checkpoint" "$side/checkpoint" && checkpoint=$number || checkpoint=
    note "$side/chain" "$side/chain" && chain=$number || chain=
    { below "$side/anchors/" | sed -n 's/^\([0-9]*\)\/ch[a-z]*$/\1/p'; echo "$chain"; } | sed 's/^0*//' > "$W/wanted" || io "cannot write"
    seals "$side/SEALS" "$checkpoint" "${log##*/}" || { wrong "$side/SEALS: line ${fault%% *}: ${fault#* }"; return; }
    last_is_lf "$side/SEALS" || tell note "$side/SEALS: bytes behind its last line are no record"
    IFS=' ' read -r records all bytes count_of_seals key_hex origin old << END_OF_TEXT
$(sed -n 's/^F //p' "$W/plan")
END_OF_TEXT
    cover chain
    cover checkpoint
    segments
    key_changes
    anchors
    [ "$bad" = 0 ] || return
    tell log "$log: seals: $count_of_seals, lines: $all, bytes: $bytes; all $records lines of SEALS are signed; origin $origin"
    printf '%s\n' "$origin $side/SEALS" >> "$W/whole" || io "cannot write"
    [ -z "$old" ] || printf '%s\n' "$log $old" >> "$W/restarts" || io "cannot write"
    [ "$checkpoint" = "$all" ] || tell '' "its checkpoint is over $checkpoint lines, as a crash may leave it"
    case $inner_blob in
        0000000b7373682d6564323535313900000020"$key_hex") ;;
        *) lack "$log: is signed by another key than the pack" ;;
    esac
    outsiders
}

# A log that took another one's place says nothing without that one. Its root the shell cannot compute: a seal must name it.
restarts() {
    while read -r log name size root; do
        found=
        while read -r origin side; do
            [ "$origin" = "$name" ] || continue
            found=other
            awk -v size="$size" -v root="$root" '$1 == "s1" && ("x" $4) == ("x" size) && $7 == root { found = 1 } END { exit !found }' \
                "$B/$side" && { found=seal; break; }
        done < "$W/whole"
        case $found in
            seal) tell '' "$log: RESTARTED: it took the place of $name at $size lines, and that log is here with them" ;;
            *) wrong "$log: RESTARTED: it took the place of $name at $size lines, and that log is not here as it was sealed, or never had this head" ;;
        esac
    done < "$W/restarts"
}

# The two notes, and what they say of SEALS.
cover() {
    note "$side/$1" "$side/$1" > "$W/said" || return 0
    [ -n "$number" ] || { wrong "$side/$1: is not origin, number and hash"; return; }
    if [ "$1" = checkpoint ]; then
        at "$records"
        said=$(sed -n 's/^C //p' "$W/plan")
        [ "$origin_said $count" = "$origin 3" ] || wrong "$side/checkpoint: is of another log"
        [ "$hash" = "$said" ] || wrong "$side/checkpoint: another root was signed than that of the seal over $number lines, or there is no such seal"
    else
        [ "$origin_said $count" = "$origin/seals 3" ] || wrong "$side/chain: is of another log"
        [ "$number" = "$records" ] || wrong "$side/SEALS: $number lines of it were signed, and it has $records"
        at "$number" || { wrong "$side/chain: is over lines that are not there"; return; }
        [ "$hash" = "$head" ] || wrong "$side/SEALS: line $number: another one was signed"
    fi
    note_signed "$origin" "$side/$1" "$id" "$key" "$old_id" "$old_key"
}

# By the note that both keys signed somebody who trusts the old key comes to trust the new one.
key_changes() {
    sed -n 's/^K //p' "$W/plan" > "$W/changes" || io "cannot write"
    while read -r line; do
        file=$side/keys/$(printf '%020d' "$line")
        pinned "$file" "$line" && tell '' "$log: line $line of SEALS changes the key; the old one and the new one have signed that"
    done < "$W/changes"
}

# A chain note that was kept, over so many lines: they must still be those, and the keys of then must have signed.
pinned() {
    note "$1" "$1" || return 1
    at "$2" || { wrong "$1: is over $2 lines of SEALS, and it has $records"; return 1; }
    [ "$number $hash $count $origin_said" = "$2 $head 3 $origin/seals" ] || {
        wrong "$1: FORKED: what was signed then is not line $2 of SEALS now: up to it something was rewritten"; return 1; }
    note_signed "$origin" "$1" "$id" "$key" "$old_id" "$old_key"
    [ "$is" = signed ] || [ "$can" = 0 ]
}
