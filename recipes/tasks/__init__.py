"""What learning means: one file a task."""
