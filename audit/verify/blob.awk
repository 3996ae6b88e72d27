# The base64 of an SSH signature in one line: the public key in it, in hex.
{
    hex = unb64($0)
    # Behind `SSHSIG` and a version of four bytes stand the length of the key and the key.
    for (i = 21; i <= 28; i++) bytes = bytes * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    print substr(hex, 29, 2 * bytes)
}
