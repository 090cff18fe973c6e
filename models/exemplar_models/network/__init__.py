"""MSDNet (Fateh, Mohammadi, Jahed-Motlagh, arXiv 2409.11316): the parts both configurations share, and the networks."""
