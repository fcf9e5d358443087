"""Settings of a worker whose wallet is the one of `wallets` that TEST_WALLET names."""

import os

from config.settings import *  # noqa: F403

WALLETS = {"embedded": f"tests.integration.settlement.wallets.{os.environ['TEST_WALLET']}"}
