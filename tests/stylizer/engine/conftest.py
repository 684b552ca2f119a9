"""Set-up of the engine's tests."""

import cv2

cv2.setNumThreads(1)  # the tests run in as many processes as there are cores: more threads only wait for each other
