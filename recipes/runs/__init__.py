"""A run: its folder and record, what is saved as it goes, and what it leaves when it ends."""
