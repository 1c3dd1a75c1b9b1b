"""The front door: one thin file a command, heavy imports inside the command."""
