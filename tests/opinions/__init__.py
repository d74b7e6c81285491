"""An ERN as its papers' formulas say, computed by others: float NumPy, onnxruntime, qonnx, LiteRT.

Nothing here uses the project's export, IR or golden model; what they say is held against it.
"""
