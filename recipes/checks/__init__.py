"""What is looked at before a run, one check or a few kindred ones a file.

A check is a function of a `Rehearsal` that returns its findings. What it needs it asks the model
for; where that is not there it raises `NotApplicable`.
"""
