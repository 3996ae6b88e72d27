# Headers of a tar, each with the padding before it, as od prints them. Each must be the one that its path, size and mode
# make. Prints `F size path number`, or `E` and what is wrong.
function rep(s, n,   out) { while (n-- > 0) out = out s; return out }
function fill(s, n) { return s rep("@", n - length(s)) }
function field(s, from, len) { s = substr(s, from + 1, len); sub(/@.*/, "", s); return s }
function stop(p, says) { print "E", "the tar: member " NUMBER + 1 " " says; failed = 1; exit }
BEGIN { want = 512 }
{
    for (f = 1; f <= NF; f++) {
        if (got < want - 512) { if ($f != 0) stop("", "follows padding that is not zeros"); got++; continue }
        at = got - want + 512
        sum += at >= 148 && at < 156 ? 32 : $f
        h = h ($f == 0 ? "@" : $f > 31 && $f < 127 && $f != 64 ? CH[$f] : "?")
        if (++got == want) { header(h, sum); h = ""; got = sum = 0 }
    }
}
function header(h, sum,   name, prefix, path, mode, size, mtime, bytes, i, cut, whole) {
    if (h == rep("@", 512)) { ZEROS++; want = 512; return }
    name = field(h, 0, 100); prefix = field(h, 345, 155); path = prefix (prefix == "" ? "" : "/") name
    mode = substr(h, 101, 7); size = substr(h, 125, 11); mtime = substr(h, 137, 11)
    if (size !~ /^[0-7]+$/ || mtime !~ /^[0-7]+$/) stop("", "has a header that is not as we write it")
    if (!NUMBER) { top = path; sub(/\/.*/, "/", top); when = mtime }
    says = harmless(path, top)
    if (says != "") stop("", says)
    if (substr(path, 1, length(top)) != top || path == top) stop("", "is not in the folder of the first one")
    if (ZEROS || (NUMBER && ("x" path) <= ("x" before))) stop("", "is not in byte order, or is there twice")
    if (mode != "0000644" && (mode != "0000755" || substr(path, length(top) + 1, 5) != "data/")) stop("", "has an odd mode")
    cut = 0
    if (length(path) > 100) for (i = 1; i <= 156; i++) if (substr(path, i, 1) == "/") cut = i
    whole = fill(substr(path, cut + 1), 100) mode "@0000000@0000000@" size "@" when "@" sprintf("%06o", sum) "@ 0" rep("@", 100)
    whole = whole "ustar@00" rep("@", 64) "0000000@0000000@" fill(substr(path, 1, cut ? cut - 1 : 0), 155) rep("@", 12)
    if (h != whole) stop("", "has a header that is not as we write it")
    before = path; NUMBER++
    bytes = 0
    for (i = 1; i <= 11; i++) bytes = bytes * 8 + substr(size, i, 1)
    want = 512 + (512 - bytes % 512) % 512
    print "F", bytes, substr(path, length(top) + 1), NUMBER
}
END {
    if (failed) exit
    if (ZEROS != 2) print "E", "the tar: does not end as we end it"
    p = both(); if (p != "") print "E", "the tar: " p " is a file, and the folder of another one"
}
