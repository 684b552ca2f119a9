"""Regions: small details are rendered within their part of the picture only."""

import cv2
import numpy as np

from stylizer.engine.picture import Plane, Size

Region = tuple[slice, slice]


def around(size: Size, x: float, y: float, reach: float) -> Region:
    """Rows and columns within `reach` of a point, inside a picture; never empty."""
    height, width = size
    top, left = int(np.clip(y - reach, 0, height - 1)), int(np.clip(x - reach, 0, width - 1))
    bottom, right = int(np.clip(y + reach + 1, top + 1, height)), int(np.clip(x + reach + 1, left + 1, width))
    return slice(top, bottom), slice(left, right)


def covering(mask: Plane, margin: float) -> Region:
    """Rows and columns where a mask is set, and a margin round them; the whole picture of an empty mask."""
    left, top, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    if not width:
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    pad = round(margin)
    bottom, right = min(mask.shape[0], top + height + pad), min(mask.shape[1], left + width + pad)
    return slice(max(0, top - pad), bottom), slice(max(0, left - pad), right)


def coordinates(region: Region) -> tuple[Plane, Plane]:
    """(height, 1) rows and (1, width) columns of a region, in pixels of the whole picture."""
    rows = np.arange(region[0].start, region[0].stop, dtype=np.float32)[:, None]
    return rows, np.arange(region[1].start, region[1].stop, dtype=np.float32)[None, :]
