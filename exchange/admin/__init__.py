"""The back office: pages on users, markets and the audit trail, and the base that every app's pages stand on."""
