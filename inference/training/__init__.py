"""Plain Python and Keras: a manifest in, a bundle with honest figures out."""
