"""What one trial trains: data, encoders, the pair, its replicas and the loop."""
