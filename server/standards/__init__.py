"""Poverty standards (chuẩn nghèo) at hand: those shipped, and the province's own in the data directory."""
