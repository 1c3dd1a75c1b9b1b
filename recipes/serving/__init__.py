"""A trained model at work: the SavedModel, and the answers it gives."""
