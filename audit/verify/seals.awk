# SEALS by its rules (FORMAT.md), which need nothing but the file. -v lines: how many whole lines it has; size: of a
# checkpoint; log_file: of a log that was never rotated. $W/hashes has the hash of each line, $W/wanted numbers of lines.
# Prints, in the order of the lines,
#   E line what          it is wrong, and nothing behind it was read
#   V line name id key   the id must be that of name and key (escapes for printf), which takes a shell
#   S n begin end lines seg · X begin end file · K line       a segment, the file of those before it, a key change
#   @ line head lines root id key old-id old-key              what is said up to a wanted line; - is no key
#   C root               of the last seal over that many lines
#   F records lines bytes seals key-in-hex origin [old-origin old-size old-root]
BEGIN {
    EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    while ((getline w < (ENVIRON["W"] "/wanted")) > 0) WANT[w + 0]
    HASHES = ENVIRON["W"] "/hashes"
    sealed = "0"; all = "0"; root = EMPTY; begin = "0"; n = 0; oid = okey = "-"
    if (lines + 0 == 0) fail("there is no whole line in it")
}
NR > lines { exit }
length($0) > 1023 || /\001/ { fail("it is too long, or not printable ASCII") }
{ count = split($0, f, "[ ]"); line() }

function fail(says) { if (!failed) print "E", NR ? NR : 1, says; failed = 1; exit }
function key(s) {
    if (!vkey(s, "01")) fail("it has no verifier key")
    if (VNAME != origin) fail("the name of its key is not the origin")
    print "V", NR, VNAME, VID, oct(VHEX)
}
function is_origin(s) { return length(s) >= 1 && length(s) <= 200 && s !~ /\+/ && s !~ /\/seals$/ }
function is_file(s) { return length(s) <= 100 && s ~ /^[A-Za-z0-9_][A-Za-z0-9._-]*$/ }
function rule(holds, says) { if (!holds) fail(says) }
function line() {
    if (f[1] == "g1") genesis()
    else {
        rule(f[1] == "s1" || f[1] == "f1" || f[1] == "k1", "it begins with neither g1, s1, f1 nor k1")
        rule(NR > 1, "the first line is not g1")
        rule(is_hash(f[count]) && f[count] == head, "the line before it is not the one that it followed")
        if (f[1] == "s1") seal()
        else if (f[1] == "f1") rotation()
        else key_change()
    }
    getline head < HASHES
    if (size != "" && ("x" size) == ("x" sealed)) found = root
    if (NR in WANT || NR == lines || f[1] == "k1") print "@", NR, head, sealed, root, id, oct(hex), oid, okey
    if (f[1] == "k1") print "K", NR
}
function genesis() {
    rule(NR == 1, "g1 stands only in the first line")
    rule(count == 4 || count == 7, "it has not the fields of g1")
    origin = f[2]
    rule(is_origin(origin) && num(f[3]), "it has no origin or no time")
    key(f[4]); id = VID; hex = VHEX
    if (count == 4) return
    rule(is_origin(f[5]) && num(f[6]) && is_hash(f[7]), "it has no old head")
    rule(f[5] != origin, "old-origin is the origin itself")
    rule(f[6] != "0" || f[7] == EMPTY, "a log of no lines has another root")
    old = " " f[5] " " f[6] " " f[7]
}
function seal(   grown, more, dh, dl) {
    rule(count == 8, "it has not the fields of s1")
    rule(num(f[2]) && num(f[3]) && num(f[4]) && num(f[5]) && is_hash(f[6]) && is_hash(f[7]), "a field of it is not as it should be")
    rule(("x" f[2]) == ("x" sprintf("%.0f", ++n)), "its number is not one more than that of the seal before")
    rule(!lt(f[4], sealed) && !lt(f[5], all), "lines or bytes went down")
    grown = ("x" f[4]) != ("x" sealed); more = ("x" f[5]) != ("x" all)
    # Two numbers of 19 digits each: halves, since awk has no such integers.
    dh = (hi(f[5]) - hi(all)) - (hi(f[4]) - hi(sealed)); dl = (lo(f[5]) - lo(all)) - (lo(f[4]) - lo(sealed))
    rule(grown == more && dh * 1000000000 + dl >= 0, "so many more lines cannot be so many more bytes")
    rule(more || (f[6] == EMPTY && f[7] == root), "nothing was added, and seg or root say something else")
    if (more) print "S", f[2], all, f[5], sprintf("%.0f", f[4] - sealed), f[6]
    sealed = f[4]; all = f[5]; root = f[7]; oid = okey = "-"
}
function rotation() {
    rule(count == 6, "it has not the fields of f1")
    rule(num(f[2]) && is_file(f[3]) && num(f[4]) && is_file(f[5]), "a field of it is not as it should be")
    rule(("x" f[4]) == ("x" all), "the file ends elsewhere than at the last seal")
    rule(f[3] != f[5], "closed-file and new-file are the same")
    print "X", begin, all, f[3]
    begin = all; file = f[5]
}
function key_change() {
    rule(count == 4 && num(f[2]), "it has not the fields of k1")
    key(f[3])
    rule(VHEX != hex, "the new key is the old one")
    rule(oid == "-", "no seal stands between this k1 and the one before")
    oid = id; okey = oct(hex); id = VID; hex = VHEX
}
END {
    if (failed) exit
    print "X", begin, all, (file == "" ? log_file : file)
    print "C", (found == "" ? "-" : found)
    print "F", lines, sealed, all, n, hex, origin old
}
