"""The vendored nets: checked against their full SHA-256, loaded once in each process, called with plain arrays.

Only load them in the process that uses them: sessions do not survive a fork.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stylizer.engine.memory import give_back
from stylizer.engine.picture import Picture, Pixels, Plane, resize, to_bytes, to_float

MODELS = Path(__file__).with_name("models")
SHA256 = {
    "arb_predict.onnx": "7c4519e0036161f75096b769e6f20b1bb699b943f4ae9dc24f087495336106d9",
    "arb_transform.onnx": "ad5d52f8d86bcf9e658fc6213828a19fece1efefd1121a1b0c283c99dcdce9fc",
    "face_detection_short_range.tflite": "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    "face_landmark.tflite": "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    "face_mesh_triangles.json": "23b6c6b9cb0a74adef3029cc1b4917483a34b9f26a0026ed2d51ba270a0b9dd0",
    "line_x4.onnx": "46a32f58b56d823b51b84c7f695891e95523572dc1040adc902c0ec6829ca239",
    "multistyle26.onnx": "e0876b7093e3816a137ca7086e550cf5f0c090e859748b3e4456feba2576c667",
    "selfie_segmentation.tflite": "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
}
PAINTING_STYLES = 26
STYLE_VECTOR_SIDE = 256
LINE_NET, REDRAWN_SCALE = "line_x4.onnx", 4
STRIP, SEEN_FAR = 192, 18  # rows of a small picture at once, which bounds the memory; how far the line net looks


class TamperedModel(RuntimeError):
    """A weights file differs from the one that this code was written for."""


def read_model(name: str, folder: Path = MODELS) -> bytes:
    """The bytes of a weights file; raises TamperedModel when its SHA-256 is not the recorded one."""
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise TamperedModel(f"{name} does not have the recorded SHA-256; install the project again.")
    return content


@cache
def _session(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cv2.getNumThreads()
    options.enable_cpu_mem_arena = False  # the arena and the patterns nearly double the peak memory
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to others
    return onnxruntime.InferenceSession(read_model(name), options, providers=["CPUExecutionProvider"])


@cache
def _tflite(name: str) -> cv2.dnn.Net:
    read_model(name)  # OpenCV 5.0 reads these with its classic engine only, and that only from a path
    return cv2.dnn.readNetFromTFLite(str(MODELS / name), cv2.dnn.ENGINE_CLASSIC)


@cache
def face_triangles() -> NDArray[np.int32]:
    """(854, 3) landmark indices of the face mesh."""
    return np.array(json.loads(read_model("face_mesh_triangles.json")), np.int32)


def detect_faces(patch: Pixels) -> tuple[Plane, Plane]:
    """BlazeFace on a 128-pixel RGB patch: regressors (896, 16) in pixels about the anchors, scores (896,) 0..1."""
    net = _tflite("face_detection_short_range.tflite")
    net.setInput(cv2.dnn.blobFromImage(patch, 1 / 127.5, (128, 128), (127.5, 127.5, 127.5)))
    regressors, scores = net.forward(["regressors", "classificators"])
    return regressors.reshape(896, 16), 1 / (1 + np.exp(-np.clip(scores.reshape(896), -50, 50)))


def face_mesh(patch: Pixels) -> tuple[Plane, float]:
    """468 landmarks (x, y, z in pixels of the 192-pixel RGB patch), and the confidence that it is a face, 0..1."""
    net = _tflite("face_landmark.tflite")
    net.setInput(cv2.dnn.blobFromImage(patch, 1 / 255, (192, 192)))
    points, score = net.forward(["conv2d_21", "conv2d_31"])
    return points.reshape(468, 3), float(1 / (1 + np.exp(-score.reshape(-1)[0])))


def segment_person(picture: Pixels) -> Plane:
    """Person mask 0..1, 256 by 256, of an RGB picture squashed to a square."""
    net = _tflite("selfie_segmentation.tflite")
    net.setInput(cv2.dnn.blobFromImage(resize(picture, (256, 256)), 1 / 255, (256, 256)))
    return net.forward("activation_10").reshape(256, 256).astype(np.float32)


def paint(picture: Picture, styles: dict[int, float]) -> Picture:
    """The picture in a blend of 26 learned painting styles (Dumoulin et al. 2017), same size."""
    weights = np.zeros(PAINTING_STYLES, np.float32)
    for style, weight in styles.items():
        weights[style] = weight
    padded = _padded(to_float(to_bytes(picture)), 4)
    feed = {"image": np.ascontiguousarray(padded.transpose(2, 0, 1)[None]), "style_weights": weights}
    painted = _cropped(_session("multistyle26.onnx").run(None, feed)[0][0].transpose(1, 2, 0), picture)
    give_back()
    return painted


def style_vector(picture: Picture) -> Plane:
    """What the centre square of a picture looks like, as 100 numbers (Ghiasi et al. 2017)."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = resize(picture[top : top + side, left : left + side], (STYLE_VECTOR_SIDE, STYLE_VECTOR_SIDE))
    return _run("arb_predict.onnx", np.clip(square, 0, 1)[None].astype(np.float32))


def paint_like(picture: Picture, vector: Plane) -> Picture:
    """The picture painted in the style of a `style_vector`, same size."""
    painted = _cropped(_run("arb_transform.onnx", _padded(picture, 8)[None], vector)[0], picture)
    give_back()
    return painted


def can_redraw(folder: Path = MODELS) -> bool:
    """Whether the line net was shipped: a package may leave it out, and looks are painted without it then."""
    return (folder / LINE_NET).is_file()


@cache
def _line_net() -> cv2.dnn.Net:
    read_model(LINE_NET)
    return cv2.dnn.readNetFromONNX(str(MODELS / LINE_NET))


def redraw(small: Picture) -> Picture:
    """A small painted picture (h, w, 3) drawn as (4 h, 4 w, 3) with even lines (Real-ESRGAN, Wang et al. 2021).

    By OpenCV, which runs this net twice as fast as onnxruntime; strip by strip, with the same pixels as at once.
    """
    height, net = small.shape[0], _line_net()
    large = np.empty((height * REDRAWN_SCALE, small.shape[1] * REDRAWN_SCALE, 3), np.float32)
    for top in range(0, height, STRIP):
        bottom, first = min(height, top + STRIP), max(0, top - SEEN_FAR)
        strip = small[first : min(height, bottom + SEEN_FAR)]
        net.setInput(np.ascontiguousarray(strip.transpose(2, 0, 1)[None], np.float32))
        drawn, start = net.forward()[0].transpose(1, 2, 0), (top - first) * REDRAWN_SCALE
        large[top * REDRAWN_SCALE : bottom * REDRAWN_SCALE] = drawn[start : start + (bottom - top) * REDRAWN_SCALE]
    give_back()
    return large


def _run(name: str, *arrays: Any) -> Any:
    session = _session(name)
    return session.run(None, {put.name: array for put, array in zip(session.get_inputs(), arrays, strict=True)})[0]


def _padded(picture: Picture, multiple: int) -> Picture:
    height, width = picture.shape[:2]
    return cv2.copyMakeBorder(picture, 0, -height % multiple, 0, -width % multiple, cv2.BORDER_REFLECT_101)


def _cropped(painted: Picture, like: Picture) -> Picture:
    height, width = like.shape[:2]
    return np.ascontiguousarray(np.clip(painted[:height, :width], 0, 1), np.float32)
