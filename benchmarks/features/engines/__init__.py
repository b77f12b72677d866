"""One module per engine, each with one function `run(folder, take)`; they share nothing but `spec`."""
