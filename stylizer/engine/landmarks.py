"""Which of the 468 points of the face mesh are what. "Left" is the left of the person."""

from dataclasses import dataclass

import numpy as np

from stylizer.engine.picture import Plane, Size

OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377]
OVAL += [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
MOUTH = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
RIGHT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
LEFT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
RIGHT_BROW = [70, 63, 105, 66, 107, 55, 65, 52, 53, 46]
LEFT_BROW = [300, 293, 334, 296, 336, 285, 295, 282, 283, 276]
RIGHT_UPPER_LID = [33, 246, 161, 160, 159, 158, 157, 173, 133]
LEFT_UPPER_LID = [263, 466, 388, 387, 386, 385, 384, 398, 362]
RIGHT_LOWER_LID = [33, 7, 163, 144, 145, 153, 154, 155, 133]
LEFT_LOWER_LID = [263, 249, 390, 373, 374, 380, 381, 382, 362]
UPPER_MOUTH = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
LOWER_MOUTH = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
NOSTRILS = [98, 97, 2, 326, 327]
CHEEKS = (50, 280)
UPPER_LIP_SKIN = [206, 98, 2, 327, 426, 410, 270, 269, 267, 0, 37, 39, 40, 186]
LOWER_FACE = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 2]
CHEEK_SKIN = ([50, 101, 36, 205, 187, 147], [280, 330, 266, 425, 411, 376])
NOSE_TIP, NOSE_BASE, NOSE_BRIDGE, FOREHEAD, CHIN = 4, 2, 168, 10, 152
RIGHT_TEMPLE, LEFT_TEMPLE = 234, 454
JAW_PAIRS = ((172, 397), (136, 365), (150, 379))


@dataclass(frozen=True, eq=False)
class Face:
    """One face: 468 points (x, y, z) in pixels of some picture; smaller z is nearer to the viewer."""

    points: Plane

    @property
    def xy(self) -> Plane:
        return self.points[:, :2]

    @property
    def width(self) -> float:
        """Temple to temple, in pixels; never less than half the height, so that a profile has a width too."""
        across = float(np.linalg.norm(self.xy[LEFT_TEMPLE] - self.xy[RIGHT_TEMPLE]))
        down = float(np.linalg.norm(self.xy[FOREHEAD] - self.xy[CHIN]))
        return max(across, down * 0.5)

    @property
    def centre(self) -> Plane:
        return self.xy[OVAL].mean(0)

    @property
    def up(self) -> Plane:
        """Unit vector from chin to forehead."""
        axis = self.xy[FOREHEAD] - self.xy[CHIN]
        return axis / (np.linalg.norm(axis) + 1e-6)

    @property
    def mouth_opening(self) -> float:
        """Gap between the lips as a fraction of the face width."""
        return float(np.linalg.norm(self.xy[13] - self.xy[14])) / self.width

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture that is `factor` times as large."""
        return Face((self.points * factor).astype(np.float32))


def nearest_face(size: Size, faces: tuple[Face, ...]) -> Plane:
    """Which of the faces each pixel is nearest to, measured in widths of that face; all zeros for one or none."""
    nearest = np.zeros(size, np.uint8)
    closest = np.full(size, np.inf, np.float32)
    rows, columns = np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None, :]
    for number, face in enumerate(faces if len(faces) > 1 else ()):
        x, y = face.centre
        away = ((columns - x) ** 2 + (rows - y) ** 2) * np.float32(1 / face.width**2)
        nearest[away < closest] = number
        closest = np.minimum(closest, away)
    return nearest
