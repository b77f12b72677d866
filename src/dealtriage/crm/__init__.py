"""The results as a CRM takes them: files for its importers, what the importers answered, and a push by explicit command."""
