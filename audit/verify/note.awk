# A signed note, as od prints its bytes. Prints `E` and what is wrong with it, or
#   T bytes                          of the text that is signed
#   P number hash lines origin       if the text is origin, number, base64 of a hash, and maybe more: lines in all
#   G id hex key-escapes name        for each signature: key id, signature, the signature for printf, and the name
{ for (f = 1; f <= NF; f++) byte($f + 0) }
function fail(says) { if (!failed) print "E", says; failed = 1; exit }
END {
    if (failed) exit
    text_end()
    if (BYTES > 1000000 || BROKEN) fail("is too long, no UTF-8, or has a control character")
    for (blank = NL; blank > 1 && LN[blank] != ""; blank--) ;
    if (blank < 2) fail("has no blank line before its signatures")
    if (!WHOLE || blank == NL) fail("has no signatures, or does not end in a line feed")
    if (NL - blank > 100) fail("has more than 100 signatures")
    for (i = blank + 1; i <= NL; i++) signature(LN[i])
    if (failed) exit
    for (i = 1; i < blank; i++) { text += width(LN[i]); if (LN[i] == "") empty = 1 }
    print "T", text
    hash = unb64(LN[3])
    if (blank > 3 && !empty && num(LN[2]) && is_hash(hash)) print "P", LN[2], hash, blank - 1, LN[1]
    for (i = 1; i <= count; i++) print OUT[i]
}
# Bytes of a line with its LF: each \001 stands before two more characters that are none.
function width(s,   n) { n = length(s) + 1; return n - 2 * gsub(/\001/, "", s) }
function signature(s,   at, name, hex) {
    if (substr(s, 1, 10) != "\001e2\00180\00194 ") fail("has a line that is no signature")
    s = substr(s, 11); at = index(s, " "); name = substr(s, 1, at - 1); hex = unb64(substr(s, at + 1))
    if (!at || !key_name(name) || length(hex) < 10) fail("has a line that is no signature")
    OUT[++count] = "G " substr(hex, 1, 8) " " substr(hex, 9) " " oct(substr(hex, 9)) " " name
}
