"""The light MSDNet: frozen EfficientNet-Lite2 features, token supports, and the head that ships with the studio."""
