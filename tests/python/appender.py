# Appends decisions in the manner of any program: O_APPEND, one os.write for each line. ID, LOG, SEED. Ends when the file
# `stop` is there, and prints how many lines it wrote, and how long each write took in seconds: first those beside which
# nothing was sealed, then those beside which something was. (The file `sealing` tells, before and after the write.)
import fcntl, json, os, random, sys, time

who, log, dice = int(sys.argv[1]), sys.argv[2], random.Random(int(sys.argv[3]))
out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
took = {False: [], True: []}
count = 0
while not os.path.exists("stop"):
    # Most are short, some have 16 KiB.
    size = int(2 ** dice.uniform(6, 14))
    head = b'{"who":%d,"n":%d,"pad":"' % (who, count)
    line = head + b"x" * (size - len(head) - 3) + b'"}\n'
    before = os.path.exists("sealing")
    began = time.perf_counter()
    # Some programs take turns by the log's own lock. A sealer that took it would keep them waiting.
    fcntl.flock(out, fcntl.LOCK_SH)
    wrote = os.write(out, line)
    fcntl.flock(out, fcntl.LOCK_UN)
    end = time.perf_counter() - began
    assert wrote == len(line), wrote
    if before == os.path.exists("sealing"):
        took[before].append(end)
    count += 1
    # The machine is not to be filled by them.
    time.sleep(0.002)
print(json.dumps({"count": count, "alone": took[False], "sealing": took[True]}))
