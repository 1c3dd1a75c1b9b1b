"""Keras models with a training step of their own: one class a file."""
