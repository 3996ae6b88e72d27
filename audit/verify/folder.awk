# What `ls -ln` says of the files of a folder, and then its folders. Prints `F size path 0`, or `E` and what is wrong.
FNR == NR { p = substr($NF, 3); says = harmless(p, ""); if (says != "") print "E", p ": " says; print "F", $5, p, 0; next }
!($0 in FOLDER) { print "E", $0 ": is an empty folder, which no pack has" }
