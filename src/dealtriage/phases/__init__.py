"""Which of the three phases a deal is in, and which role a third party would have."""
