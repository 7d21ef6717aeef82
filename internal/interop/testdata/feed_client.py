# The client that docs/feed.md prints, at work: its batches of an epoch compared with NumPy's.
import json, re, sys
import numpy as np

document, socket_path, file = sys.argv[1:]
exec(re.search(r"```python\n(.*?)```", open(document).read(), re.S).group(1))
data = np.load(file)
feed = Feed(socket_path, rank=1, world=2)
seen = []
for step in range(feed.info["first"], feed.info["next_epoch"]):
    slot, (x, y, samples) = feed[step]
    assert x.dtype.isnative and x.dtype == data["x"].dtype.newbyteorder("="), x.dtype
    assert np.array_equal(x, data["x"][samples]) and np.array_equal(y, data["y"][samples]), step
    x[...] = 0  # it is the client's to write to
    seen += samples.tolist()
    del x, y, samples
    feed.release(slot)
state = feed.ask(op="state", step=2)["state"]
slot, (x, y, first) = feed[2]
assert Feed(socket_path, rank=1, world=2, state=state)[2][1][2].tolist() == first.tolist()
try:
    Feed(socket_path, rank=2, world=2)
    raise SystemExit("rank 2 of 2")
except RuntimeError as e:
    assert str(e).startswith("config: "), e
print(json.dumps({"seen": len(set(seen)), "steps": feed.info["steps"]}))
