"""Our own copy as the wallet of an exchange: the wallet protocol over its own ledger, below `/internal/wallet/v1`."""
