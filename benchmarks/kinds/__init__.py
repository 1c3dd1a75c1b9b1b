"""The cases of kinds_speed.py: one kind of learning a file."""
