"""What docs/benchmark_distributed.md says around its figures."""

WHY_MISSED = {
    "resnet50_imagenette": (
        "beside the half batch of *apart* a step takes 0.75 s more. By the loopback's figures "
        "below its gradients (94 MB) take 0.12 s of that and its short messages 0.03 s; "
        "normalising over both takes 0.06 s more than on one device (264 ms in place of 206 for "
        "8 images, measured without messages). Where the rest goes has not been found."
    ),
    "resnet20_glyphs": (
        "of the 50 ms beside *apart*, messages take about 13 ms by the loopback's figures, and "
        "normalising in five passes in place of two about 11 ms. A profile shows that gRPC's "
        "threads work on the core that computes; how much of the rest that is has not been "
        "measured."
    ),
    "cnn_glyphs": (
        "a step takes 4 ms more than *apart*. In a profile the threads that handle its two "
        "messages, the gradients and the figures, take 2.2 ms of a core, and drawing dropout "
        "for the whole batch in each worker about 0.4 ms."
    ),
    "ddpm_digits": (
        "half a batch of its images of 8x8 pixels is much more than half the work, as *apart* "
        "shows, which does not reach the bar itself. Its 1.6 MB of gradients take 2 ms by the "
        "loopback's figures, of 10 ms; the rest has not been looked into."
    ),
    "mlp_digits": "a step takes less time than one message.",
}

MIRRORED_WHY = (
    "in `resnet20_glyphs` every normalisation of a device waits for the other's, forward and "
    "backward, and takes five passes over the image in place of two. What each costs here has not "
    "been measured apart."
)

GROWTH_WHY = (
    "the small set costs more for each example than the large one, as it does where starting a "
    "pass over files has a price of its own. That has not been taken apart."
)

PAGE = """# How training scales

Made by `make bench` ([distributed_speed.py](../benchmarks/distributed_speed.py)) on two cores.
What checkpoints cost is in [benchmark_checkpoints.md](benchmark_checkpoints.md): under 2 % of a
run. How it is done is in [distributed.md](distributed.md).

## Two workers of one core each

*Efficiency* is the time of one worker over twice that of two which share the same batch: 1 is
twice as fast. *Twice the batch* is the other way to scale: each of the two has as large a batch
as the one. *Apart* is the efficiency of two processes that do half a batch each and know
nothing of one another: what this machine gives when two of its cores work at once, the most
that can be had.

| recipe | batch | one worker | two workers | efficiency | bar | apart | twice the batch |
|---|---|---|---|---|---|---|---|
{workers}

{missed}METHOD: the recipe as `recipes.train` trains it, with its augmentation and without the
report's callbacks; each process on a core of its own with one thread, as `kerasrecipes
launch` starts it. All processes live at once and wait; in turn, one side at a time, they
train an epoch of {calls} calls of several steps behind one that is not counted, and the
order turns round from one round to the next. Medians over {rounds} rounds of the ratio
within a round, the smallest and largest in brackets.

What decides is how much a worker computes between two messages. A step has one for the
gradients, one for its figures, and two for each normalisation over the whole batch. In a step
of `resnet50_imagenette`, here on random images of 224 pixels and with a quarter of its batch,
there are 108, with 3.4 thousand million floating-point operations for each; in
`resnet20_glyphs` 40 with 0.6 thousand million, in `cnn_glyphs` two with 1.0, in `ddpm_digits`
two with 1.8, in `mlp_digits` two with 0.003. Two workers on one machine pay for their messages
with the time of their cores; on two machines a network card does a part of that.

What was done for it: the fused kernels of one device serve several replicas as well, and their
statistics go once round the workers and not four times twice (`replicas.total_of_few`), which
took `resnet20_glyphs` from 230 ms of a core for a step to less than 170; and gradients travel
in packs of 4 MiB, which took 7 % off a step of `resnet50_imagenette` (four rounds; 32 MiB took
3 to 5 % off in three and were slower in one). Its row above was measured before that.

## Two logical devices in one process

The time of one device with two cores over that of two logical CPUs on the same two cores, each
of which has half of the batch: as TensorFlow sets itself up, where both devices share out every
operation over both cores, and with a thread for each operation (`TF_NUM_INTRAOP_THREADS=1`), so
that each device keeps to itself. The second was tried after the first had missed the bar with
`resnet20_glyphs`; its figures lie on both sides of the bar.

| recipe | one device | two devices | own threads | one over two | bar | with own threads | bar |
|---|---|---|---|---|---|---|---|
{mirrored}

{mirrored_missed}METHOD: as above; `--strategy none` and `--strategy mirrored`.

## Ten times the data

Seconds of a pass over {small:,} and over {large:,} grey images of 28x28 pixels, and the most
memory that the process has had. *In memory* as `data.load` keeps a set of this size, *streamed*
as it reads one that is larger than its limit: from TFRecord files as TensorFlow Datasets writes
them.

| pass | one | ten times as many | ratio | bar |
|---|---|---|---|---|
{growth}

| | peak of memory, one | ten times as many |
|---|---|---|
{peaks}

{growth_missed}METHOD: `{grown}` on one process with two cores; training passes by `fit` with our
loop, evaluation by `evaluate` over the training split; a pass that is not counted
before each; the four processes in turn, {growth_rounds} of them counted. The
streamed set is shuffled through a buffer of 10,000 examples, which both sizes fill.

A first measurement was with `softmax_mnist`, whose step costs next to nothing, in two rounds:
ten times the data took {first}. Training that streams grew by more than the bar allows there,
for a reason that is not known; evaluation in memory by less, since a pass of 30 ms is mostly
its beginning. `cnn_glyphs` was taken then, as a recipe in which the training counts.

## By calculation: 8 to 1,024 workers

Each step is that of one worker, and a ring all-reduce of the gradients, which takes 2 (N - 1) /
N · bytes / bandwidth + 2 (N - 1) · latency, with 20 µs from a worker to its neighbour. Two
numbers a cell: the efficiency with *no overlap*, where gradients travel when all are computed,
as they do here; and with *full overlap*, where all of them travel while others are computed,
the most that any engine could reach. *Stops* is the largest number of workers with an
efficiency of a half.

| training | a step of one worker | gradients | messages beside them |
|---|---|---|---|
{trainings}

Each worker has as large a batch as one has (weak scaling; the batch grows):

| training | network | {numbers} | stops |
|---|---|{rules}---|
{weak}

The workers share the batch of one (strong scaling; the recipe stays what it is), as long as
each has an example:

| training | network | {numbers} | stops |
|---|---|{rules}---|
{strong}

What one sees: bandwidth matters to the large network on fast devices alone. Everything else
ends at the latency, which a ring pays 2 (N - 1) times a message: with statistics over all
workers it is paid once more for each normalisation, and a recipe of many workers takes the
statistics of each for itself (`synchronized=False`), as the GPU's row does. A tree, which
larger networks choose for short messages, pays it 2 log2 N times. And a batch that is shared by
many is no work for any of them.

METHOD: seconds a step measured on one core of this machine, by this engine, for `mlp_digits`,
for ResNet-20 on random images of 32x32x3 and ResNet-50 on random images of 224x224x3 in batches
of 8; the GPU's from [TensorFlow's own
benchmark](https://www.tensorflow.org/performance/benchmarks) of ResNet-50: 219 images a second
on one Tesla P100, batches of 64, synthetic data. The rest is arithmetic
([scaling.py](../benchmarks/distributed/scaling.py)).

**The check.** The same calculation for two workers on this machine, whose loopback takes
{latency:.0f} µs for a message and then {bandwidth:.2f} GB/s (measured by reductions of
{small_bytes} bytes and of {large_bytes:,}), beside what was measured above:

| recipe | calculated | measured |
|---|---|---|
{check}

What was measured is well below what was calculated: the calculation takes it that half a batch
is half the work, that messages cost no core anything and that workers are never apart in time.
Two processes on one machine are its hardest case, since gRPC shares the cores with the
training, but the tables above are to be read as the most that such a network allows, and not as
a promise.

Machine: {machine}.
"""
