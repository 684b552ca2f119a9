"""Drives an account: claims a job and leads it through the API, to its picture or its reason."""
