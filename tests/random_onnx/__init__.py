"""Random ONNX models of every operator that import knows, and what must hold of each."""
