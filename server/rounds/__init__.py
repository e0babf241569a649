"""Review rounds (đợt rà soát): what is reviewed, where, under which standard, with which units."""
