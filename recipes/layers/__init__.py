"""Layers that Keras lacks, one a file."""

from .batch_normalization import BatchNormalization
from .cached_attention import CachedAttention
from .decoder_block import DecoderBlock
from .encoder_block import EncoderBlock
from .gradient_gate import GradientGate
from .graph_convolution import GraphConvolution
from .masking_noise import MaskingNoise
from .message_passing import EdgeToNode, NodeToEdge
from .pixel_attention import PixelAttention
from .radial_basis_output import RadialBasisOutput
from .scaled_tanh import ScaledTanh
from .sinusoidal_positions import SinusoidalPositions
from .sparse_convolution import SparseConv2D
from .sparsity_penalty import SparsityPenalty
from .sub_sampling import SubSampling
from .subsample_and_pad import SubsampleAndPad
from .subtract_imagenet_mean import SubtractImageNetMean
from .time_embedding import TimeEmbedding

__all__ = [
    "BatchNormalization",
    "CachedAttention",
    "DecoderBlock",
    "EdgeToNode",
    "EncoderBlock",
    "GradientGate",
    "GraphConvolution",
    "MaskingNoise",
    "NodeToEdge",
    "PixelAttention",
    "RadialBasisOutput",
    "ScaledTanh",
    "SinusoidalPositions",
    "SparseConv2D",
    "SparsityPenalty",
    "SubSampling",
    "SubsampleAndPad",
    "SubtractImageNetMean",
    "TimeEmbedding",
]
