# What `openssl ts -reply -text` says of a time stamp: prints algorithm, hash in hex, Unix seconds; nothing if it is none.
/^Status: Granted/ { granted = 1 }
/^Hash Algorithm: / { algorithm = $3 }
/^Message data:/ { within = 1; next }
# Lines `0000 - 3a 2b ... 4c-5d ...   text`: 16 bytes each.
within && /^ +[0-9a-f]+ - / {
    s = substr($0, index($0, " - ") + 3, 48); gsub(/[^0-9a-f]/, "", s); hash = hash substr(s, 1, 32); next
}
within { within = 0 }
/^Time stamp: / {
    split($5, clock, ":"); month = index("JanFebMarAprMayJunJulAugSepOctNovDec", $3); year = $6
    if (!month || $7 != "GMT") exit
    month = (month + 2) / 3
    # Days since 1970, of a year that begins in March.
    if (month < 3) { year--; month += 12 }
    days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * (month - 3) + 2) / 5) + $4 - 719469
    seconds = days * 86400 + clock[1] * 3600 + clock[2] * 60 + int(clock[3])
}
END { if (granted && hash != "" && seconds > 0) printf "%s %s %.0f\n", algorithm, hash, seconds }
