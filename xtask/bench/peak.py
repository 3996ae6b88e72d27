"""Runs a program and says the most memory that it had at once, in bytes."""
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(kib * 1024)
sys.exit(code)
