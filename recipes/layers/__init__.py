"""Layers that Keras lacks, one a file."""

from .batch_normalization import BatchNormalization
from .radial_basis_output import RadialBasisOutput
from .scaled_tanh import ScaledTanh
from .sparse_convolution import SparseConv2D
from .sub_sampling import SubSampling
from .subsample_and_pad import SubsampleAndPad

__all__ = [
    "BatchNormalization",
    "RadialBasisOutput",
    "ScaledTanh",
    "SparseConv2D",
    "SubSampling",
    "SubsampleAndPad",
]
