"""Several processes of one job on this machine: what each is given, and how they are kept going."""
