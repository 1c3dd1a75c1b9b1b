"""What can be tried on a model before it is trained, without a trace."""
