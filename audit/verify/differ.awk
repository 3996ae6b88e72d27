# Two files of lines `hash  name`, what was said and what was found: the names whose hashes differ.
{ hash = substr($0, 1, 64); name = substr($0, 67) }
FNR == NR { SAID[name] = hash; next }
SAID[name] != hash { print name }
