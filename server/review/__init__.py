"""What supervisors decided about the data of an interview, and what of it has reached Central."""
