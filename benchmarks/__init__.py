"""Side-by-side speed: ours against what a user would pick, never a timed test."""
