"""What a search asks for the next trial: KerasTuner's oracles, mended, and two of our own."""
