# Two lists of names, of the manifest and of the files: what stands in one of them only, the first twenty.
FNR == NR { SAID[$0]; next }
{ FOUND[$0] }
!($0 in SAID) && told++ < 20 { print $0 ": is not in the manifest" }
END { for (name in SAID) if (!(name in FOUND) && missing++ < 20) print name ": is missing" }
