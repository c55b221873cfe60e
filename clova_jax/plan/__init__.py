"""What a training run will need: memory, operations, bytes and days, from the compiled program."""
