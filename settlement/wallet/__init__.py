"""The remote wallet: users' money at a wallet service, and this ledger as the part of it that is reserved for us.

protocol     what both sides say: codes, and a trade as it travels
connection   one HTTP call: pooled, bounded, retried, behind a breaker (`base.breaker`, `metrics`)
remote       the adapter of `settlement.ports.Wallet`
funding      money for an order, before the engine sees it
returns      money that nobody needs here goes back
reversals    settlements that were given up here are undone there
sweeps       whatever is still under way, tried again
differences  the comparison of both ledgers

The other side, this copy as the wallet of an exchange, is `settlement.wallet_service`.
"""
