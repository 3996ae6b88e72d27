# bag-info.txt, as od prints its bytes: prints `sound` if it is in the form of ours. -v counted: bytes.files.
BEGIN {
    s = "(\001c2\001a0|\001e1\0019a\00180|\001e2\00180\001(8[0-9a]|a[89f])|\001e2\00181\0019f|\001e3\00180\00180)"
    AT_AN_END = "^" s "|" s "$"
}
{ for (f = 1; f <= NF; f++) byte($f + 0) }
END {
    text_end()
    if (BROKEN || !WHOLE || !NL) odd = 1
    for (i = 1; i <= NL; i++) {
        at = index(LN[i], ": "); label = substr(LN[i], 1, at - 1); value = substr(LN[i], at + 2)
        if (i == NL) { if (label != "Payload-Oxum" || ("x" value) != ("x" counted)) odd = 1; continue }
        if (label !~ /^[A-Za-z0-9-]+$/ || tolower(label) == "payload-oxum") odd = 1
        if (value == "" || value ~ /^ | $|\177|\001c2\001[89]/ || value ~ AT_AN_END) odd = 1
    }
    if (!odd) print "sound"
}
