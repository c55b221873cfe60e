"""Writes token stores, mixes their sources and makes batches of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "document_mixture": ["selector"],
        "loader": ["Loader", "bytes_per_token", "validation_batches"],
        "mixture": ["Interleave", "Share", "mix", "mixture_rows", "parse_weights"],
        "records": ["map_tokens"],
        "serializer": ["serialize"],
        "store": ["Count", "TokenStore"],
    },
)
