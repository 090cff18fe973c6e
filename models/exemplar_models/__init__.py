"""Models of Exemplar Studio: frozen backbone, training-free matcher, export and evaluation."""
