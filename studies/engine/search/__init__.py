"""What a study tries next and what goes on: pure functions of records, without Ray."""
