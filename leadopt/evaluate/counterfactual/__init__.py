"""What another policy would have brought, estimated from a history that followed its own: `off_policy`."""
