#!/bin/sh
# Verifies an evidence pack without the programs that made it: POSIX sh and awk, ssh-keygen, openssl, sha256sum or shasum.
#
#   verify.sh [OPTION]... PACK ALLOWED_SIGNERS [SIGNER]
#
# PACK is X.tar with X.tar.sig beside it, or the folder that it was unpacked to. ALLOWED_SIGNERS says whose keys count
# (ssh-keygen(1)); get it another way than with the pack. SIGNER is a name in that file; without it any of them will do.
#
#   --tsa-ca FILE      certificates (PEM) of time stamping authorities that you trust; each log must have a stamp by one
#   --witness VKEY     NAME+ID+KEY of a witness that you trust; it must have cosigned each log. May be given again
#   --verify-time T    the signing key must be valid then and not now: 2026-11-28 or 2026-11-28T12:00:00Z
#   --seals FILE       only whether FILE is a SEALS file by its rules; --note FILE VKEY: only whether VKEY signed a note
#
# Exit: 0 nothing is wrong and nothing is missing · 1 changed, or not what it says it is · 5 sound, but below what was
# asked for · 64 usage · 65 ALLOWED_SIGNERS is malformed · 74 reading or writing failed · 78 a tool is not there.
#
# The bytes are those of FORMAT.md. The pack is hostile until shown otherwise: nothing of it is executed or believed, its
# tar is taken apart here by dd, and no name of it becomes a file before all of them are known to be harmless, in a folder
# below $TMPDIR that is removed again (it needs room for the pack and its largest segment). What is not checked is told at the end.
# The first step that finds something wrong ends the run; of the logs all are looked at.
#
# shellcheck disable=SC1007,SC2015,SC2086,SC2012,SC2154,SC2317
set -uf
LC_ALL=C
export LC_ALL
unset CDPATH IFS
umask 077

bad=0 lacks=0 W=
ends() { code=$1; shift; printf 'verify.sh: %s\n' "$@" >&2; exit "$code"; }
usage() { ends 64 "$1" "verify.sh [--tsa-ca FILE] [--witness VKEY]... [--verify-time T] PACK ALLOWED_SIGNERS [SIGNER]"; }
wrong() { bad=1; printf '  CHANGED     %s\n' "$*"; }
lack() { lacks=1; printf '  LACKS       %s\n' "$*"; }
tell() { printf '  %-11s %s\n' "$@"; }
io() { ends 74 "$1" "make room below ${TMPDIR:-/tmp}, or set TMPDIR; nothing was decided"; }

of_bytes() { od -An -v -tu1 < "$1"; }
hash_of() { $SHA | cut -c 1-64; }
# Not by wc: that of busybox reads all of a file without end. The path begins with /.
size_of() { ls -ln "$1" | awk 'NR == 1 { print $5 }'; }
# Copies a file that should not have more than so many bytes; false if it has.
few() { head -c $(($1 + 1)) < "$2" > "$3" && [ "$(size_of "$3")" -le "$1" ]; }
last_is_lf() { test "$(tail -c 1 "$1" | od -An -tu1 | tr -d ' ')" = 10; }

tools() {
    for tool in awk cat cmp cp cut date dd find fold grep head ln ls mkdir mktemp od rm sed sort tail tr wc xargs ssh-keygen openssl; do
        command -v "$tool" > /dev/null || ends 78 "$tool is not there; install it"
    done
    if command -v sha256sum > /dev/null; then SHA=sha256sum
    elif command -v shasum > /dev/null; then SHA='shasum -a 256'
    else ends 78 "neither sha256sum nor shasum is there; install one"; fi
    W=$(mktemp -d) || io "no folder for temporary files"
    export W SHA
    trap 'cd /; rm -rf "$W"' 0
    trap 'exit 129' 1; trap 'exit 130' 2; trap 'exit 143' 15
    # A signature of RFC 8032 (7.1, test 2), and one that is wrong: can this openssl verify Ed25519 at all?
    key='\075\100\027\303\350\103\211\132\222\267\012\247\115\033\176\274\234\230\054\317\056\304\226\214\300\315\125\361\052\364\146\014'
    sig='\222\240\011\251\360\324\312\270\162\016\202\013\137\144\045\100\242\262\173\124\026\120\077\217\263\166\042\043\353\333\151\332'
    sig=$sig'\010\132\301\344\076\025\231\156\105\217\066\023\320\361\035\214\070\173\056\256\264\060\052\356\260\015\051\026\022\273\014\000'
    printf r > "$W/r"; printf s > "$W/s"
    can=0
    if ed25519 "$key" "$sig" "$W/r" && ! ed25519 "$key" "$sig" "$W/s"; then can=1; fi
}

# A key and a signature as escapes of printf, made by oct(), and the file that is signed.
# shellcheck disable=SC2059 # They have nothing but backslashes and digits.
ed25519() {
    printf "\060\052\060\005\006\003\053\145\160\003\041\000$1" > "$W/key.der" && printf "$2" > "$W/sig.bin" || io "cannot write"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$W/key.der" -rawin -in "$3" -sigfile "$W/sig.bin" > "$W/said" 2>&1
}

# The id that a name and a key (escapes) make; the second argument is the type.
# shellcheck disable=SC2059
key_id() { { printf '%s\n' "$1"; printf "$2$3"; } | hash_of | cut -c 1-8; }

# Namespace, signature, file: sets `is` to wrong, unknown or by, `by` and `blob`, the key in hex.
signed() {
    is=wrong by= blob=
    ssh-keygen -Y check-novalidate -n "$1" -s "$2" < "$3" > "$W/said" 2>&1 || return 0
    is=unknown
    blob=$(sed -e 's/\r$//' -e '/^-----/d' "$2" | tr -d '\n' | awk -f "$A/lib.awk" -f "$A/blob.awk")
    # By it the two signatures are compared.
    [ -n "$blob" ] || { is=wrong; return 0; }
    if [ -n "$signer" ]; then printf '%s\n' "$signer" > "$W/names"
    else ssh-keygen -Y find-principals $moment -s "$2" -f "$allowed" 2> "$W/said" | tr ',' '\n' | grep -v '^!' > "$W/names"; fi
    while IFS= read -r name; do
        if ssh-keygen -Y verify $moment -f "$allowed" -I "$name" -n "$1" -s "$2" < "$3" > "$W/said" 2>&1; then
            is=by by=$name
            return 0
        fi
    done < "$W/names"
}

# ssh-keygen passes over lines that it cannot read, and says so. Of an auditor's own file that is a mistake.
allowed_is_sound() {
    [ -f "$allowed" ] && [ ! -L "$allowed" ] || ends 64 "$allowed: is missing, or not a regular file" "name the file of allowed signers"
    [ "$(size_of "$allowed")" -le 1048576 ] 2> /dev/null || ends 74 "$allowed: cannot be read, or is longer than 1 MiB"
    awk '/^[ \t]*(#|$)/ { next } { n = 0; for (i = 1; i <= NF; i++) if ($i ~ /^(ssh-|ecdsa-|sk-)/) n = i
        if (n < 2 || n == NF || $(n + 1) !~ /^AAAA[A-Za-z0-9+\/=]+$/) { print NR; exit } }' "$allowed" > "$W/said"
    [ ! -s "$W/said" ] || ends 65 "$allowed: line $(cat "$W/said") is not NAMES [OPTIONS] TYPE KEY"
}

outer() {
    o=$pack.sig
    [ -e "$o" ] || [ -L "$o" ] || { lack "$pack.sig is not there: the tar's own bytes are signed by nobody"; outer_blob=; return; }
    [ -f "$o" ] && [ ! -L "$o" ] || ends 64 "$o: is not a regular file"
    few 16384 "$o" "$W/outer" || ends 74 "$o: cannot be read, or is longer than a signature can be"
    signed pack@holdfast "$W/outer" "$pack"
    outer_blob=$blob
    case $is in
        wrong) wrong "$o: is no signature of $pack"; verdict ;;
        unknown) lack "whoever signed the tar is not one of $allowed${signer:+ named $signer}, or not for this, or not then" ;;
        by) tell 'the tar' "signed by $by" ;;
    esac
}

inner() {
    few 16384 "$B/tagmanifest-sha256.txt.sig" "$W/inner" && {
        # Base64 can be broken into other lines and mean the same; here every byte means something.
        echo '-----BEGIN SSH SIGNATURE-----'; sed '/^-----/d' "$W/inner" | tr -d '\n' | fold -w 70; echo
        echo '-----END SSH SIGNATURE-----'; } | cmp -s - "$W/inner" || {
        wrong "tagmanifest-sha256.txt.sig: is not in the form in which it is written"; verdict; }
    signed manifest@holdfast "$W/inner" "$B/tagmanifest-sha256.txt"
    case $is in
        wrong) wrong "tagmanifest-sha256.txt.sig: is no signature of the manifests"; verdict ;;
        unknown) lack "whoever signed the manifests is not one of $allowed${signer:+ named $signer}, or not for this, or not then" ;;
        by) tell manifests "signed by $by" ;;
    esac
    inner_blob=$blob
    [ -z "$outer_blob" ] || [ "$outer_blob" = "$inner_blob" ] || wrong "the manifests are signed by another key than the tar"
}

verdict() {
    if [ "$bad" = 1 ]; then echo "$shown: CHANGED, or not what it says it is: do not rely on it"; exit 1; fi
    if [ "$lacks" = 1 ]; then echo "$shown: sound, but LESS THAN WAS ASKED FOR"
    else echo "$shown: UNCHANGED since it was packed and signed"; fi
    cat << 'END_OF_TEXT'
  checked     the signatures; of a tar each of its bytes; that its files are those of the manifests; SEALS by all of its rules,
              up to the signed line; that every sealed byte of the logs is what was sealed; both notes, and those of key
              changes and anchors; the time stamps and cosignatures that are named above
  NOT CHECKED the trees: no root and no tile was computed, so the roots in the seals are only what the key has signed;
              that keys in SEALS which have signed nothing here are points of the curve; what facts.json says, and whether the
              watchdog's source is what ran; receipts of stores and imported texts. audit-pack verify looks at more of them
  not shown   that every decision was recorded at all; that the times of seals are right; who had the key. Without a witness
              or a stamp outside of their reach its owner could have written everything anew
END_OF_TEXT
    [ "$lacks" = 0 ] || exit 5
    exit 0
}

# A witness's key, named by the auditor.
witness() {
    read -r id_of key_of name_of << END_OF_TEXT
$(printf '%s\n' "$1" | awk -f "$A/lib.awk" -f "$A/vkey.awk" -v type="$2")
END_OF_TEXT
    [ -n "$name_of" ] && [ "$(key_id "$name_of" "\\0$2" "$key_of")" = "$id_of" ]
}
# Some publish their key as a plain one, and cosign as a witness: it is known by the id of the latter.
cosigner() { witness "$1" 04 || { witness "$1" 01 && id_of=$(key_id "$name_of" '\004' "$key_of"); }; }

# For whoever has only one file, and for the test vectors.
seals_alone() {
    [ -f "$1" ] || usage "$1: is missing"
    if seals "$1" '' -; then sed -n 's/^F //p' "$W/plan"; sed -n 's/^@ //p' "$W/plan" | tail -n 1; exit 0; fi
    echo "line ${fault%% *}: ${fault#* }"
    exit 1
}
note_alone() {
    [ "$can" = 1 ] || ends 78 "this openssl cannot verify Ed25519 (pkeyutl -rawin)"
    witness "$2" 01 || ends 64 "$2: is no verifier key"
    note "$1" "$1" || exit 1
    note_by "$name_of" "$id_of" "$key_of"
    echo "$is; ${number:-no number} ${hash:-no hash} ${count:-no lines}"
    [ "$is" = signed ] || exit 1
    exit 0
}

tsa= moment= mode= named= signer=
A=$(cd "$(dirname "$0")/verify" && pwd -P) && [ -f "$A/lib.awk" ] || ends 78 "the folder verify/ with its awk programs must lie beside this file"
for part in pack log outside; do
    # shellcheck source=/dev/null
    . "$A/$part.sh"
done
while [ $# -gt 0 ]; do
    case $1 in
        # A variable that is not set must not take a demand away.
        --tsa-ca | --witness | --verify-time | --seals | --note) [ -n "${2-}" ] || usage "$1 wants a value" ;;
    esac
    case $1 in
        --tsa-ca)
            [ -z "$tsa" ] || usage "--tsa-ca is given once: put all certificates into one file"
            tsa=$2; shift 2 ;;
        --witness) named="$named $2"; shift 2 ;;
        --verify-time) moment=$(printf '%s' "$2" | tr -d 'TZ:-'); shift 2 ;;
        --seals | --note) mode=${1#--}; shift; break ;;
        --help) sed -n -e '/^# shellcheck/q' -e '2,$s/^# \{0,1\}//p' "$0"; exit 0 ;;
        --) shift; break ;;
        -*) usage "$1: is no option" ;;
        *) break ;;
    esac
done
case $moment in
    '') ;;
    *[!0-9]*) usage "--verify-time is a day, or a second in UTC" ;;
    ????????) moment="-O verify-time=${moment}000000Z" ;;
    ??????????????) moment="-O verify-time=${moment}Z" ;;
    *) usage "--verify-time is a day, or a second in UTC" ;;
esac
tools
here=$PWD
: > "$W/witnesses"; : > "$W/wanted"; : > "$W/whole"; : > "$W/restarts"
case $mode in seals) seals_alone "$1" ;; note) [ $# -eq 2 ] || usage "--note FILE VKEY"; note_alone "$1" "$2" ;; esac
for key in $named; do
    cosigner "$key" || usage "$key: is no key of a witness (NAME+ID+KEY)"
    # Not by echo, which may read escapes.
    printf '%s %s %s\n' "$id_of" "$key_of" "$name_of" >> "$W/witnesses"
done
[ $# -eq 2 ] || [ $# -eq 3 ] || usage "PACK and ALLOWED_SIGNERS are wanted, and maybe SIGNER"
for word; do [ -n "$word" ] || usage "PACK, ALLOWED_SIGNERS and SIGNER are not empty"; done
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$here/$1" ;; esac; }
shown=$1 pack=$(absolute "$1") allowed=$(absolute "$2") signer=${3-}
[ -z "$tsa" ] || { tsa=$(absolute "$tsa"); [ -f "$tsa" ] || usage "$tsa: is missing, or not a regular file"; }
[ ! -L "$pack" ] && { [ -f "$pack" ] || [ -d "$pack" ]; } || usage "$shown: is missing, or neither a regular file nor a folder"
allowed_is_sound
[ -d "$pack" ] || head -c 1 < "$pack" > "$W/said" || ends 74 "$shown: cannot be read"
if [ -d "$pack" ]; then of_folder; else outer; of_tar; fi
manifests
[ "$can" = 1 ] || lack "this openssl cannot verify Ed25519 (pkeyutl -rawin): the notes' own signatures were NOT checked"
sed -n 's/^[0-9]* data\/log\/\(.*\)\.audit\/SEALS$/data\/log\/\1/p' "$W/list" > "$W/logs" || io "cannot write"
[ "$(size_of "$W/logs")" -gt 0 ] || lack "there is no sealed log in it"
[ "$(wc -l < "$W/logs")" -le 1000 ] || { wrong "there are more than 1000 logs"; verdict; }
while read -r log; do check_log "$log"; done < "$W/logs"
restarts
verdict
