"""Other forms of a finished model: ONNX, OpenVINO, smaller vectors; what each costs and saves."""
