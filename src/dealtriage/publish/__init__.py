"""What people receive: one list per rep and one per manager."""
