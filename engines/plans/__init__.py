"""TensorRT plans: built from ONNX, kept in a cache."""
