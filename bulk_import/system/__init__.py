"""What the program takes from the machine and the interpreter: locks, files, secrets, clock."""
