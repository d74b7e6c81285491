"""Models trained elsewhere become graphs of integers.

ONNX files with quantizers: parsing, cleaning and the reference execution are onnx's and qonnx's;
how scales, norms and quantizers become integer weights and thresholds is here. Packed weights
of two older tools: numpy alone.
"""
