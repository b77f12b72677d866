"""One module per CRM: its files become the same core tables."""
