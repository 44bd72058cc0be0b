"""Every trial of an experiment as an ONNX file, beside its model in Python."""
