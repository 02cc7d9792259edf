"""What a command line does with a study."""
