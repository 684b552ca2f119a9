"""Tests of `handlers.telegram`."""

import pytest

BY_BOTH = pytest.mark.parametrize("by_webhook", [False, True], ids=["polling", "webhook"])
