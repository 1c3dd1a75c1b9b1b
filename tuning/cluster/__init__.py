"""Many processes for one search: a chief that hands out trials, and workers that run them."""
