"""Tests of problems across processes."""
