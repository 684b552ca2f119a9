"""Tests in folders that mirror the rooms; `fakes` imitates the outside, `harness` opens what is tested."""

from pathlib import Path

ROOT = Path(__file__).parents[1]  # of the project
