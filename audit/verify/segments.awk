# What was said of each segment (`seg  name seal begin end lines`), what sha256sum and wc say: what differs.
FILENAME == ARGV[1] { NAME[FNR] = $2; SEG[$2] = $1; SEAL[$2] = "seal " $3 ": bytes " $4 " to " $5; LINES[$2] = $6; n = FNR; next }
FILENAME == ARGV[2] { HASH[$2] = $1; next }
$2 in LINES { COUNT[$2] = $1 }
END {
    for (i = 1; i <= n; i++) {
        name = NAME[i]
        if (HASH[name] != SEG[name]) print SEAL[name] " are not what was sealed"
        else if (COUNT[name] != LINES[name]) print SEAL[name] " have another number of lines than was sealed"
    }
}
