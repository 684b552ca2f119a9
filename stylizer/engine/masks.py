"""What is where in a portrait: person, face, skin, hair, eyes, brows, lips, as soft masks.

Skin and hair are colour models (Gaussians in Lab) learned from the face itself, so they fit every complexion.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from stylizer.engine import landmarks
from stylizer.engine.canvas import Points, stencil
from stylizer.engine.colour import luminance, smoothstep, to_lab
from stylizer.engine.filters import blur, disc, guided
from stylizer.engine.landmarks import Face
from stylizer.engine.people import person_mask
from stylizer.engine.picture import Picture, Plane, Size

FEW_PIXELS = 50
MOUSTACHE_ROUGH, MOUSTACHE_ROUGHER = 0.055, 1.8  # shares of the lightness; times the cheeks' roughness
SKIN_SPREAD = np.array([8, 5, 5], np.float32)  # in Lab, that any skin may have


@dataclass(frozen=True, eq=False)
class Masks:
    """Soft masks 0..1, all of one size. `mouth` is the gap between the lips, `features` eyes, brows, lips and frames.

    `frames` are those of glasses: thin, dark, and at least a third of the face wide.
    """

    person: Plane
    face: Plane
    skin: Plane
    hair: Plane
    eyes: Plane
    brows: Plane
    lips: Plane
    mouth: Plane
    frames: Plane
    features: Plane

    def each(self) -> dict[str, Plane]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, eq=False)
class ColourModel:
    """A Gaussian in Lab: how far is a colour from what was sampled?"""

    mean: Plane
    precision: Plane

    @classmethod
    def of(cls, samples: Picture, spread: tuple[float, float, float]) -> "ColourModel":
        """Learn from (n, 3) Lab samples; `spread` is added to the variances."""
        covariance = np.cov(samples.T) + np.diag(spread)
        return cls(np.median(samples, 0), np.linalg.inv(covariance).astype(np.float32))

    def distance(self, lab: Picture) -> Plane:
        """Squared Mahalanobis distance of every pixel."""
        away = (lab - self.mean).astype(np.float32)
        return np.asarray((away @ self.precision * away).sum(-1))


def _soft(size: Size, points: Points, softness: float) -> Plane:
    return blur(stencil(size, points), softness)


def _feature_masks(size: Size, faces: tuple[Face, ...]) -> dict[str, Plane]:
    outlines = {
        "face": ((landmarks.OVAL,), 0.010),
        "eyes": ((landmarks.LEFT_EYE, landmarks.RIGHT_EYE), 0.006),
        "brows": ((landmarks.LEFT_BROW, landmarks.RIGHT_BROW), 0.008),
        "lips": ((landmarks.LIPS,), 0.006),
        "mouth": ((landmarks.MOUTH,), 0.003),
    }
    masks = {name: np.zeros(size, np.float32) for name in outlines}
    for face in faces:
        for name, (groups, softness) in outlines.items():
            for group in groups:
                masks[name] = np.maximum(masks[name], _soft(size, face.xy[group], face.width * softness))
    return masks


def _skin(lab: Picture, face: Face, face_mask: Plane, features: Plane) -> tuple[Plane, Plane] | None:
    """Skin likelihood, and squared distance from the skin's colour; None when the face shows no skin."""
    size = lab.shape[:2]
    oval = face.xy[landmarks.OVAL]
    inner = stencil(size, (oval - oval.mean(0)) * 0.8 + oval.mean(0)) * (1 - features)
    inner = inner * (_above(face, landmarks.NOSE_BASE, size) > -0.02)  # there it is bare on everybody
    samples = lab[inner > 0.6]
    if len(samples) <= FEW_PIXELS:
        return None
    x, y = np.clip(face.xy[[landmarks.NOSE_TIP, *landmarks.CHEEKS]], 0, (size[1] - 1, size[0] - 1)).astype(int).T
    away = np.abs(samples - np.median(blur(lab, face.width * 0.03)[y, x], 0))
    usual = (away < np.percentile(away, 20, 0) * 10 + SKIN_SPREAD).all(1)  # not dark glasses, nor a fringe
    if usual.sum() > FEW_PIXELS:
        samples = samples[usual]
    distance = ColourModel.of(samples, (60, 6, 6)).distance(lab)
    likely = np.exp(-np.maximum(distance - 2, 0) / 5)
    near = smoothstep(4.2, 2.6, _radius(size, face, 1, 1, 0.5))
    return np.maximum(likely * near, face_mask * smoothstep(6.5, 4.0, np.sqrt(distance))), distance


def _above(face: Face, landmark: int, size: Size) -> Plane:
    """How far each pixel lies above a landmark, along the face's own axis, in face widths."""
    rows, columns = np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None, :]
    (x, y), (right, down) = face.xy[landmark], face.up / face.width
    return (columns - x) * np.float32(right) + (rows - y) * np.float32(down)


def _beard(lab: Picture, face: Face, skin_distance: Plane, masks: dict[str, Plane]) -> Plane | None:
    """What grows below the nose: unlike the skin, rough, much of it and not only at a side; None for a shaven face."""
    size, unit = lab.shape[:2], face.width
    below = smoothstep(0.04, -0.02, _above(face, landmarks.NOSE_BASE, size))
    zone = below * masks["person"] * (1 - np.clip(masks["lips"] + masks["mouth"], 0, 1))
    zone = zone * smoothstep(1.06, 0.94, _radius(size, face, 0.54, 0.92, 0.0))
    rough = blur(np.abs(lab[..., 0] - blur(lab[..., 0], unit * 0.015)), unit * 0.03) / (
        blur(lab[..., 0], unit * 0.03) + 8
    )
    likely = zone * smoothstep(7.0, 12.0, skin_distance) * smoothstep(0.008, 0.02, rough)
    on_face = likely * masks["face"]
    middle = on_face * smoothstep(0.30, 0.20, _radius(size, face, 1, 9, 0.0))
    if on_face.sum() < 0.035 * unit**2 or middle.sum() < 0.014 * unit**2:
        return None
    distance = ColourModel.of(lab[on_face > 0.5], (80, 10, 10)).distance(lab)
    beard = (likely * (distance < 9) > 0.4).astype(np.float32)
    return _joined_to(_tidied(beard), on_face > 0.5)


def _moustache(lab: Picture, face: Face, masks: dict[str, Plane]) -> Plane | None:
    """What grows between nose and mouth, in any colour, grey too: it is much rougher than the cheeks; else None."""
    size, unit = lab.shape[:2], face.width
    grain = np.abs(lab[..., 0] - blur(lab[..., 0], unit * 0.015))
    rough = blur(grain, unit * 0.02) / (blur(lab[..., 0], unit * 0.03) + 8)
    lip, cheeks = stencil(size, face.xy[landmarks.UPPER_LIP_SKIN]), np.zeros(size, np.float32)
    for group in landmarks.CHEEK_SKIN:
        cheeks = np.maximum(cheeks, stencil(size, face.xy[group]))
    if min((lip > 0.5).sum(), (cheeks > 0.5).sum()) <= FEW_PIXELS:
        return None
    here, beside = (float(np.median(rough[zone > 0.5])) for zone in (lip, cheeks))
    if here < MOUSTACHE_ROUGH or here < MOUSTACHE_ROUGHER * beside:
        return None
    zone = blur(cv2.dilate(lip, disc(2 * round(unit * 0.04) + 1)), unit * 0.015)
    zone = zone * (1 - np.clip(masks["lips"] + masks["mouth"], 0, 1)) * (_above(face, landmarks.NOSE_BASE, size) < 0.0)
    return np.asarray(zone * smoothstep(beside * 1.1, beside * 1.5, rough), np.float32)


def _radius(size: Size, face: Face, wide: float, high: float, below: float) -> Plane:
    """Distance from a point `below` the face's centre, in ellipses of `wide` by `high` face widths."""
    (x, y), unit = face.centre, face.width
    rows = (np.arange(size[0], dtype=np.float32)[:, None] - (y + unit * below)) / (unit * high)
    columns = (np.arange(size[1], dtype=np.float32)[None, :] - x) / (unit * wide)
    return np.sqrt(rows * rows + columns * columns)


def _hair(lab: Picture, face: Face, skin_distance: Plane, masks: dict[str, Plane], features: Plane) -> Plane | None:
    """Pixels coloured like what is above the forehead, joined to it, near the head, and unlike the skin."""
    size, unit = lab.shape[:2], face.width
    top = face.xy[landmarks.FOREHEAD] + face.up * unit * 0.20
    turn = np.linspace(0, 2 * np.pi, 20)
    patch = np.stack([top[0] + unit * 0.25 * np.cos(turn), top[1] + unit * 0.15 * np.sin(turn)], -1)
    seed = (stencil(size, patch) * masks["person"] > 0.5) & (skin_distance > 7)  # a high forehead is not hair
    if seed.sum() <= FEW_PIXELS:
        return None
    distance = ColourModel.of(lab[seed], (80, 10, 10)).distance(lab)
    reach = np.maximum(
        smoothstep(1.05, 0.85, _radius(size, face, 0.95, 1.35, -0.25)),
        smoothstep(1.05, 0.80, _radius(size, face, 1.1, 1.6, 0.6)) * 0.9,
    )
    hair = (distance < skin_distance) * (distance < 14) * reach * masks["person"] * (1 - masks["face"])
    hair = np.maximum(hair, _fringe(face, distance, skin_distance, masks["face"], features)).astype(np.float32)
    return _cut_below_jaw(_joined_to(_tidied(hair), seed), face, masks["face"])


def _fringe(face: Face, distance: Plane, skin_distance: Plane, face_mask: Plane, features: Plane) -> Plane:
    """Hair that falls over the forehead."""
    rows, columns = np.indices(distance.shape, np.float32)
    above = (columns - face.centre[0]) * face.up[0] + (rows - face.centre[1]) * face.up[1]
    return (distance < 6) * (skin_distance > 14) * (above > face.width * 0.22) * face_mask * (1 - features)


def _tidied(mask: Plane) -> Plane:
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))


def _joined_to(mask: Plane, seed: NDArray[np.bool_]) -> Plane:
    _, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    touching = np.unique(labels[seed & (mask > 0.5)])
    return mask * np.isin(labels, touching[touching > 0])


def _cut_below_jaw(hair: Plane, face: Face, face_mask: Plane) -> Plane:
    """Without hair beside the jaw there is none below it: a dark collar is not hair, nor is a beard."""
    height, width = hair.shape
    unit, chin = face.width, face.xy[landmarks.CHIN, 1]
    row = int(np.clip(chin - unit * 0.22, 0, height - 1))
    sides = face.xy[[landmarks.RIGHT_TEMPLE, landmarks.LEFT_TEMPLE], 0]
    left, right = int(max(0, sides.min() - unit * 0.3)), int(min(width, sides.max() + unit * 0.3))
    outside = (hair * (1 - face_mask))[max(0, row - 4) : row + 5, left:right]
    beside = outside.mean(0).sum() / unit
    if beside < 0.10:
        hair = hair.copy()
        hair[int(np.clip(chin - unit * 0.30, 0, height)) :] = 0
    return hair


def find_masks(picture: Picture, faces: tuple[Face, ...]) -> Masks:
    """All masks of an analysed picture; the faces' points are in its pixels."""
    size = picture.shape[:2]
    lab, grey = to_lab(picture), luminance(picture)
    masks = {"person": person_mask(picture, faces), **_feature_masks(size, faces)}
    features = np.clip(masks["eyes"] + masks["brows"] + masks["lips"], 0, 1)
    frames = np.zeros(size, np.float32)
    for face in faces:
        frames = np.maximum(frames, _frames(grey, face, masks["face"], np.maximum(masks["eyes"], masks["lips"])))
        features = np.maximum(features, _grown_when_small(features, face))
    features = np.maximum(features, frames)
    skin, hair = np.zeros(size, np.float32), np.zeros(size, np.float32)
    for face in faces:
        found = _skin(lab, face, masks["face"], features)
        if found is None:
            continue
        skin = np.maximum(skin, found[0])
        for strands in _hairs(lab, face, found[1], masks, features):
            hair = np.maximum(hair, np.clip(guided(grey, blur(strands, 2), 8, 1e-4), 0, 1))
    skin = np.clip(guided(grey, blur(skin * masks["person"], 1.5), 8, 1e-4), 0, 1) * (1 - hair)
    return Masks(skin=skin, hair=hair, frames=frames, features=features, **masks)


def _hairs(lab: Picture, face: Face, skin_distance: Plane, masks: dict[str, Plane], features: Plane) -> list[Plane]:
    """Hair, beard and moustache of a face, as far as it has them."""
    found = (
        _hair(lab, face, skin_distance, masks, features),
        _beard(lab, face, skin_distance, masks),
        _moustache(lab, face, masks),
    )
    return [strands for strands in found if strands is not None]


def _grown_when_small(features: Plane, face: Face) -> Plane:
    """Features of a small face with a margin: what smooths skin over a fixed reach would wipe them out."""
    short = min(features.shape)
    margin = 0.022 * short * float(np.clip((0.32 - face.width / short) / 0.18, 0, 1))
    if margin < 1:
        return features
    return blur(cv2.dilate(features, disc(2 * round(margin / 2) + 1)), margin / 3)


def _frames(grey: Plane, face: Face, face_mask: Plane, not_there: Plane) -> Plane:
    """Frames of glasses: above the mouth, much darker than both sides of them, and long."""
    reach = max(5, round(face.width * 0.10)) | 1
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, disc(reach))
    thin = smoothstep(0.28, 0.45, (closed - grey) / (closed + 0.08)) * (blur(face_mask, face.width * 0.03) > 0.3)
    thin = thin * (1 - np.clip(not_there * 2, 0, 1)) * (_above(face, landmarks.NOSE_BASE, grey.shape) > 0)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((thin > 0.4).astype(np.uint8))
    long = (stats[:, cv2.CC_STAT_WIDTH] > face.width * 0.34) & (stats[:, cv2.CC_STAT_HEIGHT] < face.width * 0.6)
    long[0] = False
    return blur(thin * long[labels].astype(np.float32), 0.8)
