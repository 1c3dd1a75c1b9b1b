"""Drawings of what a kind of learning has to show: one subject a file."""
