# The hex of a signature: prints `strong` if it has 64 bytes and its R is no point of small order.
length($0) == 128 && !(substr($0, 1, 64) in WEAK) { print "strong" }
