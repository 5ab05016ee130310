"""The screens of il-play: each handles events, goes on by a frame, and paints itself."""
