"""Units in time, villages, boundaries, and resident households: the ground every figure stands on."""
