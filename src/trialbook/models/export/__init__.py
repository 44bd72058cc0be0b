"""Models written in forms that others can use: ONNX, a pickle, a zip, a context for Docker.

`_score.py` and `_server.py` are given away with a model, as they are.
"""

from trialbook.models.export._export import FORMATS, Exported, Format, export

__all__ = ["FORMATS", "Exported", "Format", "export"]
