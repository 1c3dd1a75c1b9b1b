"""From a source to a `Source`: one kind of source a file, each with `read`."""
