# Part of verify.sh: the names and files of a pack, and its manifests.
# shellcheck shell=sh disable=SC1007,SC2015,SC2034,SC2086,SC2154,SC2295


# Takes a tar apart into $W/m/1, $W/m/2 and so on, and its headers (each with the padding before it) into $W/heads.
apart() {
    mkdir "$W/m" && : > "$W/heads" || io "cannot write"
    left=$(size_of "$pack") || ends 74 "$pack: cannot be read"
    n=0 padding=0 q='????????????'
    q=$q$q$q$q$q$q$q$q$q$q'????'
    exec 3< "$pack"
    while :; do
        [ "$left" -ge $((padding + 512)) ] || { wrong "$pack: is cut, or no tar of ours; nothing in it was looked at"; verdict; }
        dd bs=$((padding + 512)) count=1 <&3 >> "$W/heads" 2> /dev/null || io "$pack: cannot be taken apart"
        left=$((left - padding - 512))
        head=$(tail -c 512 "$W/heads" | tr -c '\040-\176' '_')
        size=${head#$q} && size=${size%"${size#???????????}"}
        case $head in ____________________*) break ;; esac
        case $size in *[!0-7]* | '') wrong "$pack: has a header that is not as we write it; nothing in it was looked at"; verdict ;; esac
        n=$((n + 1)) size=$((0$size))
        [ "$n" -le 200000 ] && [ "$size" -le "$left" ] || { wrong "$pack: has more than 200000 members, or is cut"; verdict; }
        copy "$size" > "$W/m/$n" || io "$pack: cannot be taken apart"
        left=$((left - size)) padding=$(((512 - size % 512) % 512))
    done
    [ "$left" -eq 512 ] && [ "$n" -gt 0 ] && dd bs=512 count=1 <&3 2> /dev/null >> "$W/heads"
    exec 3<&-
    [ "$left" -eq 512 ] && [ "$n" -gt 0 ] || { wrong "$pack: is empty, or something stands behind its end"; verdict; }
}

# So many bytes from descriptor 3, and none more: of a file dd gets as many at once as it asks for.
copy() {
    [ "$1" -lt 1048576 ] || dd bs=1048576 count=$(($1 / 1048576)) <&3 2> /dev/null || return 1
    [ $(($1 % 1048576)) -eq 0 ] || dd bs=$(($1 % 1048576)) count=1 <&3 2> /dev/null
}


of_tar() {
    apart
    of_bytes "$W/heads" | awk -f "$A/lib.awk" -f "$A/names.awk" -f "$A/tar.awk" > "$W/files" || io "cannot write"
    refused "$W/files"
    # Only now a name of the pack becomes one here, of the files that are looked into.
    B=$W/bag
    mkdir "$B" && cd "$B" || io "cannot write"
    sed -n 's/^F [0-9]* \(data\/log\/.*\)\/[^\/]* [0-9]*$/\1/p' "$W/files" | sed '/\.audit\/tile\/[0-7]/d' | sort -u > "$W/folders" || io "cannot write"
    [ ! -s "$W/folders" ] || xargs mkdir -p < "$W/folders" || io "cannot write"
    while read -r _ bytes path number; do
        echo "$bytes $path" || io "cannot write"
        case $path in *.audit/tile/[0-7]/*) ;; data/log/* | [!d]*) ln "$W/m/$number" "$path" 2> /dev/null || cp "$W/m/$number" "$path" || io "cannot write" ;; esac
    done < "$W/files" > "$W/list"
    sed -n 's/^F [0-9]* data\/.* \([0-9]*\)$/..\/m\/\1/p' "$W/files" > "$W/there" || io "cannot write"
}

of_folder() {
    B=$(cd "$pack" && pwd -P) && cd "$B" || ends 74 "$pack: cannot be read"
    outer_blob=
    find . ! -type f ! -type d > "$W/odd" && find . -name '*[!A-Za-z0-9._-]*' >> "$W/odd" || ends 74 "$pack: cannot be read"
    [ ! -s "$W/odd" ] || { wrong "$pack: has a link, a FIFO, a device, or a name that no pack has: unpack it anew"; verdict; }
    find . -type d | sed -n 's/^\.\///p' > "$W/folders" && find . -type f -exec ls -ln {} + > "$W/ls" || ends 74 "$pack: cannot be read"
    awk -f "$A/names.awk" -f "$A/folder.awk" "$W/ls" "$W/folders" > "$W/files" || io "cannot write"
    refused "$W/files"
    sed 's/^F \([0-9]* .*\) 0$/\1/' "$W/files" | sort -k 2 > "$W/list" || io "cannot write"
    sed -n 's/^[0-9]* \(data\/.*\)/\1/p' "$W/list" > "$W/there" || io "cannot write"
}

# Lines that begin with E are told, and end the run.
refused() {
    sed -n 's/^E //p' "$1" | head -n 20 > "$W/odd" || io "cannot write"
    [ -s "$W/odd" ] || return 0
    while IFS= read -r says; do wrong "$says"; done < "$W/odd"
    verdict
}

# A manifest against files: their names, and where they lie.
agrees() {
    xargs $SHA < "$3" > "$W/there_sums" || ends 74 "$pack: a file cannot be read"
    awk 'FNR == NR { hash[FNR] = $1; next } { print hash[FNR] "  " $0 }' "$W/there_sums" "$2" > "$W/sums" || io "cannot write"
    ! cmp -s "$1" "$W/sums" || return 0
    awk -f "$A/differ.awk" "$1" "$W/sums" | head -n 20 > "$W/odd" || io "cannot write"
    while IFS= read -r says; do wrong "$says: was changed"; done < "$W/odd"
    [ -s "$W/odd" ] || wrong "$1: is not in the form in which it is written"
}

# What the manifests say, and whether it is so. Names first: a file that nobody speaks of may be without end.
manifests() {
    for f in VERIFY.md bag-info.txt bagit.txt manifest-sha256.txt tagmanifest-sha256.txt tagmanifest-sha256.txt.sig; do
        [ -f "$B/$f" ] || wrong "$f: is missing"
    done
    awk '$2 ~ /^(tag)?manifest-sha256.txt$/ && $1 > 16777216' "$W/list" > "$W/odd" || io "cannot write"
    [ ! -s "$W/odd" ] || wrong "a manifest is longer than one can be"
    sed -n 's/^[0-9]* \(data\/.*\)/\1/p' "$W/list" > "$W/payload" || io "cannot write"
    [ -s "$W/payload" ] || wrong "there is no payload in it"
    [ "$bad" = 0 ] || verdict
    inner
    # Names in an odd order are a manifest in an odd form, which is told below.
    cut -c 67- manifest-sha256.txt | tr -c '\012\040-\176' '?' | sort > "$W/names" || io "cannot write"
    cmp -s "$W/names" "$W/payload" || awk -f "$A/names_differ.awk" "$W/names" "$W/payload" > "$W/odd"
    cmp -s "$W/names" "$W/payload" || [ -s "$W/odd" ] || wrong "manifest-sha256.txt: names other files than there are"
    while IFS= read -r says; do wrong "$says"; done < "$W/odd"
    [ "$bad" = 0 ] || verdict
    printf '%s\n' VERIFY.md bag-info.txt bagit.txt manifest-sha256.txt > "$W/tags"
    agrees tagmanifest-sha256.txt "$W/tags" "$W/tags"
    agrees manifest-sha256.txt "$W/payload" "$W/there"
    printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt ||
        wrong "bagit.txt: is not the declaration of a BagIt 1.0 bag"
    counted=$(awk '$2 ~ /^data\// { bytes += $1; files++ } END { printf "%.0f.%d\n", bytes, files }' "$W/list")
    few 65536 bag-info.txt "$W/info" &&
        [ "$(of_bytes "$W/info" | awk -v counted="$counted" -f "$A/lib.awk" -f "$A/info.awk")" = sound ] ||
        wrong "bag-info.txt: is not in the form of ours, or counts other bytes and files than there are"
    [ "$bad" = 0 ] || verdict
    tell content "${counted#*.} files and ${counted%.*} bytes are those of the manifests"
}
