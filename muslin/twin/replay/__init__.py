"""A recording beside its prediction: joint angles from sensors, the avatar, pictures, files."""
