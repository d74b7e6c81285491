"""Fixed point after training: formats, integer meaning, layer-wise search, savings.

Source: Goyal et al., Fixed-point quantization of convolutional neural networks for quantized
inference on embedded platforms, 2021 (arXiv 2102.02147).
"""
