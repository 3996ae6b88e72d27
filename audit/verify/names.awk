# Paths that a pack may have.
function harmless(p, top,   n, c, i, s) {
    n = split(p, c, "/")
    if (p == "" || length(p) > 255 || n > 16) return "is longer or deeper than a path can be"
    if (p ~ /[^A-Za-z0-9._\/-]/) return "has a character that no path of a pack has"
    for (i = 1; i <= n; i++) {
        if (c[i] == "" || c[i] == "." || c[i] == ".." || c[i] ~ /^-/) return "has a component that is empty, . or .., or begins with -"
        if (i < n) { s = s (i > 1 ? "/" : "") c[i]; FOLDER[s] }
    }
    FILE[p]
    p = substr(p, length(top) + 1)
    if (p !~ /^data\/./ && p !~ /^(VERIFY.md|bag-info.txt|bagit.txt|(tag)?manifest-sha256.txt|tagmanifest-sha256.txt.sig)$/)
        return "belongs to no pack"
    return ""
}
function both(   p) { for (p in FOLDER) if (p in FILE) return p; return "" }
