"""Search spaces and the search. Empty until it is built."""
