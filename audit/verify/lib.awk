# What every awk program here knows: numbers and base64 have one spelling; text is read as bytes.
BEGIN { setup() }
function setup(   i, h, s) {
    for (i = 0; i < 256; i++) { h = sprintf("%02x", i); HEX[i] = h; OCT[h] = sprintf("\\%03o", i); CH[i] = sprintf("%c", i) }
    s = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (i = 0; i < 64; i++) B64[substr(s, i + 1, 1)] = i
    MOST = "x9223372036854775807"
    # Points of small order, in every spelling: whatever such a key signs, others can sign.
    weak("01", "00", "00"); weak("00", "00", "00"); weak("ec", "ff", "7f"); weak("ed", "ff", "7f"); weak("ee", "ff", "7f")
    weak("01", "00", "80"); weak("00", "00", "80"); weak("ec", "ff", "ff"); weak("ed", "ff", "ff"); weak("ee", "ff", "ff")
    s = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"; WEAK[s "7a"]; WEAK[s "fa"]
    s = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"; WEAK[s "05"]; WEAK[s "85"]
}
function weak(first, middle, last,   s, i) { s = first; for (i = 0; i < 30; i++) s = s middle; WEAK[s last] }
function num(s) {
    return s ~ /^(0|[1-9][0-9]*)$/ && (length(s) < 19 || (length(s) == 19 && ("x" s) <= MOST))
}
function lt(a, b) { return length(a) < length(b) || (length(a) == length(b) && ("x" a) < ("x" b)) }
function hi(s) { return length(s) > 9 ? substr(s, 1, length(s) - 9) + 0 : 0 }
function lo(s) { return substr(s, length(s) > 9 ? length(s) - 8 : 1) + 0 }
function is_hash(s) { return length(s) == 64 && s ~ /^[0-9a-f]+$/ }
# Hex of base64; nothing where it is not the one spelling.
function unb64(s,   i, a, b, c, d, p, q, out) {
    if (s == "" || length(s) % 4) return ""
    for (i = 1; i <= length(s); i += 4) {
        a = substr(s, i, 1); b = substr(s, i + 1, 1); p = substr(s, i + 2, 1); q = substr(s, i + 3, 1)
        if (!(a in B64) || !(b in B64)) return ""
        a = B64[a]; b = B64[b]; out = out HEX[a * 4 + int(b / 16)]
        if (q == "=" && i + 4 <= length(s)) return ""
        if (p == "=" && q == "=") { if (b % 16) return ""; continue }
        if (!(p in B64)) return ""
        c = B64[p]; out = out HEX[b % 16 * 16 + int(c / 4)]
        if (q == "=") { if (c % 4) return ""; continue }
        if (!(q in B64)) return ""
        d = B64[q]; out = out HEX[c % 4 * 64 + d]
    }
    return out
}
# For printf.
function oct(hex,   i, out) { for (i = 1; i < length(hex); i += 2) out = out OCT[substr(hex, i, 2)]; return out }
# Sets name, id and hex of NAME+ID+KEY; false where it is none of that type. The id is compared where there is a shell.
function vkey(s, type,   i, rest) {
    i = index(s, "+"); VNAME = substr(s, 1, i - 1); rest = substr(s, i + 1)
    VID = substr(rest, 1, 8); VHEX = unb64(substr(rest, 10))
    if (!i || substr(rest, 9, 1) != "+" || length(VID) != 8 || VID !~ /^[0-9a-f]+$/) return 0
    if (length(VHEX) != 66 || substr(VHEX, 1, 2) != type) return 0
    VHEX = substr(VHEX, 3)
    return !(VHEX in WEAK) && key_name(VNAME)
}
function key_name(s) { return s != "" && s !~ /[+ ]/ && !spaced(s) }
# Bytes that are not ASCII stand in lines as \001 and two hex digits, so every awk sees the same. Unicode spaces:
function spaced(s) {
    return s ~ /[\t\v\f\r]|\001c2\001(85|a0)|\001e1\0019a\00180|\001e2\00180\001(8[0-9a]|a[89f])|\001e2\00181\0019f|\001e3\00180\00180/
}
# Reads what od made of a file: LN[1..NL], how many BYTES, whether it ends in LF, where it is no text (BROKEN).
function byte(b) {
    BYTES++
    if (b == 10) { if (NEED) BROKEN = 1; LN[++NL] = LINE; LINE = ""; WHOLE = 1; return }
    WHOLE = 0
    if (b < 32) BROKEN = 1
    if (b < 128) { if (NEED) BROKEN = 1; LINE = LINE CH[b]; return }
    if (NEED) { if (b < LOW || b > HIGH) BROKEN = 1; NEED--; LOW = 128; HIGH = 191 }
    else if (b >= 194 && b <= 244) {
        NEED = b < 224 ? 1 : b < 240 ? 2 : 3
        LOW = b == 224 ? 160 : b == 240 ? 144 : 128; HIGH = b == 237 ? 159 : b == 244 ? 143 : 191
    } else BROKEN = 1
    LINE = LINE "\001" HEX[b]
}
function text_end() { if (!WHOLE) { LN[++NL] = LINE; if (NEED) BROKEN = 1 } }
