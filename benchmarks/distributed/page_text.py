"""What docs/benchmark_distributed.md says around its figures."""

WHY_MISSED = {
    "resnet50_imagenette": (
        "108 messages and 94 MB of gradients a step, which TensorFlow sends by gRPC through the "
        "loopback at less than 1 GB/s, with the cores that compute. Each message waits for the "
        "slower of the two, so that whatever disturbs one stops both. Normalising over both takes "
        "30 % longer than on one device (264 ms in place of 206 for 8 images)."
    ),
    "resnet20_glyphs": (
        "each of its 19 normalisations sends a message forward and one backward and waits for the "
        "other's. On a loopback a message costs a third to a half of a millisecond, on both cores, "
        "since gRPC hands it from thread to thread on the core that computes. Normalising takes "
        "five passes over the image in place of two."
    ),
    "cnn_glyphs": (
        "half a batch takes 10 ms, and a step has two messages, the gradients and the figures, "
        "which take 2 ms of each core; dropout is drawn for the whole batch by each worker."
    ),
    "ddpm_digits": (
        "its images have 8x8 pixels, and half a batch of them is much more than half the work, as "
        "*apart* shows; 1.6 MB of gradients take 3 ms and the noise is drawn for the whole batch."
    ),
    "mlp_digits": "a step takes less time than one message.",
}

MIRRORED_WHY = (
    "a reduction on CPUs gathers at one device (TensorFlow has no other one there), in which the "
    "other waits: in `resnet20_glyphs` once forward and once backward for each normalisation. "
    "Its normalisation takes five passes over the image in place of two as well."
)

GROWTH_WHY = (
    "starting a pass over files takes about a tenth of a second, until tf.data has found how many "
    "threads it needs, and a short pass pays it for fewer examples: ten times the data take less "
    "than ten times the time."
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
gradients, one for its figures, and two for each normalisation over the whole batch. In a step of
`resnet50_imagenette`, here on random images of 224 pixels and with a quarter of its batch, there
are 108, with 3.4 thousand million floating-point operations for each; in `resnet20_glyphs` 40 with
0.6 thousand million, in `cnn_glyphs` two with 1.0, in `ddpm_digits` two with 1.8, in `mlp_digits`
two with 0.003. Two workers on one machine pay for their messages with the time of their cores; on
two machines a network card does a part of that.

What was done for it: the fused kernels of one device serve several replicas as well, and their
statistics go once round the workers and not four times twice (`replicas.total_of_few`), which took
`resnet20_glyphs` from 230 ms of a core for a step to 168; gradients travel in packs of 4 MiB, which
took 7 % off `resnet50_imagenette`.

## Two logical devices in one process

The time of one device with two cores over that of two logical CPUs on the same two cores, each
of which has half of the batch: as TensorFlow sets itself up, where both devices share out every
operation over both cores, and with a thread for each operation (`TF_NUM_INTRAOP_THREADS=1`), so
that each device keeps to itself. The bar is for the better of the two.

| recipe | one device | two devices | own threads | one over two | with own threads | bar |
|---|---|---|---|---|---|---|
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
loop, evaluation by `evaluate` over the training split; a pass that is not counted before each; the
four processes in turn. The streamed set is shuffled through a buffer of 10,000 examples, which both
sizes fill.

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

The calculation takes it that half a batch is half the work and that messages cost no core
anything. On a machine of its own network card the second is nearer to the truth than on a
loopback.

Machine: {machine}.
"""
