"""What is this export, can it be read, and what would it cost? The answers of `dealtriage doctor`."""
