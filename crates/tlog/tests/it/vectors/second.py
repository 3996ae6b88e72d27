"""A second implementation, from audit/FORMAT.md and the standards alone; Ed25519 is openssl's. Prints how much it checked."""

import base64, hashlib, json, re, subprocess, sys, tempfile

NUMBER_MAX = 2**63 - 1
checked = 0


def load(name):
    with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
        return json.load(file)


def check(got, expected, what):
    global checked
    checked += 1
    if got != expected:
        sys.exit(f"{what}: {got!r} instead of {expected!r}")


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(line):
    return sha(b"\0" + line)


def node(left, right):
    return sha(b"\1" + left + right)


def split(n):
    return 1 << (n - 1).bit_length() - 1


def mth(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(mth(leaves[:k]), mth(leaves[k:]))


# RFC 9162, 2.1.3.2 and 2.1.4.2.
def included(proof, index, leaf, size, root):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(proof, old, old_root, new, new_root):
    if old > new or (old in (0, new)) != (not proof):
        return False
    if old == 0:
        return old_root == sha(b"")
    if old == new:
        return old_root == new_root
    if old & old - 1 == 0:
        proof = [old_root] + proof
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def tile_path(level, index, width):
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = re.findall("...", digits)
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + ("" if width == 256 else f".p/{width}")


def tiles(size):
    """Path to (level, index, width) of every tile of a tree."""
    found = {}
    for level in range(8):
        row = size >> 8 * level
        for index in range(-(-row // 256)):
            width = min(256, row - 256 * index)
            found[tile_path(level, index, width)] = (level, index, width)
    return found


NUMBER = r"(0|[1-9][0-9]{0,18})"
HASH = r"([0-9a-f]{64})"
ORIGIN = r"((?:(?! |\+)[!-~]){1,200})(?<!/seals)"
VKEY = r"([^ +]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)"
FILE = r"([A-Za-z0-9_][A-Za-z0-9._-]{0,99})"
RECORDS = {
    "g1": rf"g1 {ORIGIN} {NUMBER} {VKEY}(?: {ORIGIN} {NUMBER} {HASH})?",
    "s1": rf"s1 {NUMBER} {NUMBER} {NUMBER} {NUMBER} {HASH} {HASH} {HASH}",
    "f1": rf"f1 {NUMBER} {FILE} {NUMBER} {FILE} {HASH}",
    "k1": rf"k1 {NUMBER} {VKEY} {HASH}",
}


def vkey_sound(vkey, kind=1):
    name, key_id, key = (vkey.split("+", 2) + ["", ""])[:3]
    try:
        raw = base64.b64decode(key, validate=True)
    except ValueError:
        return False
    if not re.fullmatch(r"[^\s+]+", name) or len(raw) != 33 or raw[0] != kind or base64.b64encode(raw).decode() != key:
        return False
    return sha(name.encode() + b"\n" + raw)[:4].hex() == key_id and any(raw[1:])


def fields_of(line):
    match = re.fullmatch(RECORDS.get(line[:2], "(?!)") + r"\n", line) if len(line.encode()) <= 1024 else None
    if not match or any(g and g.isdigit() and len(g) < 20 and int(g) > NUMBER_MAX for g in match.groups()):
        return None
    return match.groups()


def walk(text):
    """The state behind the last line, or the number of the first wrong line."""
    state, empty = None, sha(b"").hex()
    lines = text.splitlines(keepends=True) if "\r" not in text else re.findall("[^\n]*\n|[^\n]+", text)
    for number, line in enumerate(lines or [""], 1):
        f = fields_of(line)
        if f is None or (line[:2] == "g1") != (number == 1):
            return number
        if number == 1:
            origin, _, key, old, size, old_root = f
            if not vkey_sound(key) or key.split("+")[0] != origin or old == origin:
                return number
            if size == "0" and old_root != empty:
                return number
            state = dict(seals=0, lines=0, bytes=0, root=empty, file=None, file_begin=0, signers=[key])
        elif f[-1] != state["head"]:
            return number
        elif line[:2] == "s1":
            n, lines_now, bytes_now, (seg, root) = int(f[0]), int(f[2]), int(f[3]), f[4:6]
            more, bytes_more = lines_now - state["lines"], bytes_now - state["bytes"]
            if n != state["seals"] + 1 or more < 0 or more > bytes_more or (more == 0) != (bytes_more == 0):
                return number
            if more == 0 and (seg, root) != (empty, state["root"]):
                return number
            state |= dict(seals=n, lines=lines_now, bytes=bytes_now, root=root, signers=state["signers"][:1])
        elif line[:2] == "f1":
            if int(f[2]) != state["bytes"] or f[1] == f[3]:
                return number
            state |= dict(file=f[3], file_begin=int(f[2]))
        else:
            if not vkey_sound(f[1]) or f[1].split("+")[0] != origin or f[1] in state["signers"]:
                return number
            if len(state["signers"]) > 1:
                return number
            state["signers"].insert(0, f[1])
        state |= dict(records=number, head=sha(line.encode()).hex())
    b64 = lambda h: base64.b64encode(bytes.fromhex(h)).decode()
    state["checkpoint_text"] = f"{origin}\n{state['lines']}\n{b64(state['root'])}\n"
    state["chain_text"] = f"{origin}/seals\n{state['records']}\n{b64(state['head'])}\n"
    return state


def note_shape(note):
    if re.search(r"[\0-\x09\x0b-\x1f]", note) or "\n\n" not in note:
        return None
    text, signatures = note.rsplit("\n\n", 1)
    lines = signatures.split("\n")
    if lines.pop() != "" or not 1 <= len(lines) <= 100:
        return None
    for line in lines:
        match = re.fullmatch(r"— [^\s+]+ ([A-Za-z0-9+/]+=*)", line)
        if not match or len(match[1]) % 4 or len(base64.b64decode(match[1])) < 5:
            return None
    return text + "\n"


def ed25519(public, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in ("key", b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\0" + public), ("text", message), ("sig", signature):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
        how = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile sig"
        return subprocess.run(how.split(), cwd=folder, capture_output=True).returncode == 0


def signatures_by(note, vkey, kind):
    """The text, the key, and what stands under its name and id."""
    name, _, key = vkey.split("+", 2)
    public = base64.b64decode(key)[1:]
    key_id = sha(name.encode() + b"\n" + bytes([kind]) + public)[:4]
    text, signatures = note.rsplit("\n\n", 1)
    lines = (line.split(" ") for line in signatures.splitlines())
    found = [base64.b64decode(line[2]) for line in lines if line[1] == name]
    return text + "\n", public, [raw[4:] for raw in found if raw[:4] == key_id]


def signed(note, vkey):
    text, public, found = signatures_by(note, vkey, 1)
    right = [len(raw) == 64 and ed25519(public, text.encode(), raw) for raw in found]
    return "unsigned" if not right else "signed" if all(right) else "wrong"


def cosigned(note, vkey):
    text, public, found = signatures_by(note, vkey, 4)
    times = []
    for raw in found:
        time = int.from_bytes(raw[:8], "big")
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        if len(raw) != 72 or time > NUMBER_MAX or not ed25519(public, message, raw[8:]):
            return "wrong", None
        times.append(time)
    return ("cosigned", max(times)) if times else ("unsigned", None)


def b64(text, length=None):
    """Its bytes, if this is their one spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text and length in (None, len(raw)) else None


def proof_file(file):
    """Index, hashes and the text of the checkpoint; nothing where it is no proof."""
    head, _, note = file.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        return None
    if lines and lines[0].startswith("extra ") and b64(lines.pop(0)[6:]) is None:
        return None
    index = re.fullmatch(rf"index {NUMBER}", lines.pop(0) if lines else "")
    hashes = [b64(line, 32) for line in lines]
    if not index or int(index[1]) > NUMBER_MAX or None in hashes or len(hashes) > 64 or note_shape(note) is None:
        return None
    text = re.fullmatch(rf"([^\n]+)\n{NUMBER}\n([^\n]+)\n([^\n]+\n)*", note_shape(note))
    root = b64(text[3], 32) if text else None
    return (int(index[1]), hashes, text[1], int(text[2]), root) if root else None


vectors = load("hashes")
check(sha(b"").hex(), vectors["empty_tree"], "empty tree")
for v in vectors["leaves"]:
    check(leaf(bytes.fromhex(v["line_hex"])).hex(), v["leaf"], "leaf")
check(leaf(b"x" * 100000 + b"\n").hex(), vectors["leaf_of_100000_x_and_lf"], "long leaf")
check(node(*(bytes.fromhex(vectors["node"][side]) for side in ("left", "right"))).hex(), vectors["node"]["node"], "node")

leaves = [leaf(b'{"i":%d}\n' % i) for i in range(70000)]
for v in load("trees")["roots"]:
    check(mth(leaves[: v["size"]]).hex(), v["root"], f"root of {v['size']}")
    check(base64.b64decode(v["root_base64"]).hex(), v["root"], "base64")

vectors = load("tiles")
for tree in vectors["trees"]:
    all_tiles = tiles(tree["size"])
    check(len(all_tiles), tree["count"], f"tiles of {tree['size']}")
    for v in tree["tiles"]:
        level, index, width = all_tiles[v["path"]]
        span = 256**level
        starts = [(index * 256 + i) * span for i in range(width)]
        data = b"".join(mth(leaves[start : start + span]) for start in starts)
        check(sha(data).hex(), v["sha256"], v["path"])
        check(v.get("hex", data.hex()), data.hex(), v["path"])
for v in vectors["growth"]:
    old, new = tiles(v["from"]), tiles(v["to"])
    check(sorted(v["added"]), sorted(set(new) - set(old)), "added")
    check(sorted(v["superfluous"]), sorted(set(old) - set(new)), "superfluous")
for v in vectors["paths"]:
    check(tile_path(v["level"], v["index"], v["width"]), v["path"], "path")

vectors = load("proofs")
for right, name in ((True, "inclusion"), (False, "wrong_inclusion")):
    for v in vectors[name]:
        proof = [bytes.fromhex(h) for h in v["proof"]]
        got = included(proof, v["index"], bytes.fromhex(v["leaf"]), v["size"], bytes.fromhex(v["root"]))
        check(got, right, f"{name} {v}")
for right, name in ((True, "consistency"), (False, "wrong_consistency")):
    for v in vectors[name]:
        proof = [bytes.fromhex(h) for h in v["proof"]]
        old_root, new_root = bytes.fromhex(v["old_root"]), bytes.fromhex(v["new_root"])
        check(consistent(proof, v["old"], old_root, v["new"], new_root), right, f"{name} {v}")

for v in load("seals"):
    check(walk(v["seals"]), v.get("state") or v["error"]["line"], v["name"])

vectors = load("notes")
for v in vectors["keys"]:
    check(vkey_sound(v["vkey"]), True, v["vkey"])
for v in vectors["wrong_vkeys"]:
    check(vkey_sound(v["vkey"]), False, v["vkey"])
for v in vectors["notes"]:
    check(note_shape(v["note"]) is None, v["verdict"] == "malformed", v["name"])
    if v["verdict"] != "malformed":
        check(signed(v["note"], v["vkey"]), v["verdict"], v["name"])

vectors = load("cosignatures")
key = vectors["key"]
check(vkey_sound(key["vkey"], 4), True, key["vkey"])
check(vkey_sound(key["plain_vkey"], 1), True, key["plain_vkey"])
for v in vectors["wrong_vkeys"]:
    check(vkey_sound(v["vkey"], 4), False, v["vkey"])
for v in vectors["notes"]:
    for vkey in key["vkey"], key["plain_vkey"]:
        check(cosigned(v["note"], vkey), (v["verdict"], v["time"]), v["name"])

vectors = load("proof_files")
for v in vectors["files"]:
    read, verdict = proof_file(v["file"]), v["verdict"]
    check(read is None, verdict == "malformed", v["name"])
    if read:
        index, hashes, origin, size, root = read
        got = included(hashes, index, leaf(bytes.fromhex(v["line_hex"])), size, root)
        check(got, verdict != "not-included", v["name"])
        if got:
            check(origin != vectors["vkey"].split("+")[0], verdict == "other-log", v["name"])

print(checked)
