# A verifier key in a line: prints id, key for printf, and name. -v type: of the key, two hex digits.
vkey($0, type) && $0 !~ /[^!-~]/ { print VID, oct(VHEX), VNAME }
