"""What distributed_speed.py measures and computes, one subject a file."""
