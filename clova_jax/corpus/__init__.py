"""Documents from raw text: sources, cleaning, de-duplication, mixing, and the sample world."""
