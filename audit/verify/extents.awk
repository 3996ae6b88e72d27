# The list of files (`size path`) and the plan of seals.awk: the work of segments, or `E` and what is wrong with a file.
# -v above: the folder of the log. The segments of a file stand before it in the plan, and behind it in the work.
FNR == NR { SIZE[$2] = $1; next }
$1 == "S" { held[++count] = $0 }
$1 == "X" {
    path = above $4; begin = $2; end = $3
    bytes = end - begin
    if (("x" end) == ("x" begin)) bytes = 0
    if (!(path in SIZE)) { if (bytes > 0) print "E", path ": is missing, and " end " bytes of the log were sealed up to its end" }
    else if (SIZE[path] < bytes) print "E", path ": was cut: it has " SIZE[path] " bytes, and the log is sealed to byte " end
    else if (SIZE[path] > bytes) print "E", path ": bytes stand behind the last sealed one, which is byte " end " of the log"
    else if (count) { print "X", path; for (i = 1; i <= count; i++) print held[i] }
    count = 0
}
