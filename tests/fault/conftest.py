"""The tests of this folder share one running stack."""

from suite.fixtures import suite

__all__ = ["suite"]
