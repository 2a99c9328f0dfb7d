"""Bodies and garments that move: joint angles by frame, key poses, cloth that follows the skin."""
