"""Verified artefacts on the controller, fetched once and kept."""
