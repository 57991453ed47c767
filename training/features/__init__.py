"""What a network sees: named features, how each is made of the bands and what lies beside them."""
